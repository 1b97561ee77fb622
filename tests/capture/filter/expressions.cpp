// SPDX-License-Identifier: GPL-2.0-only
#include "tests/capture/filter/expressions.h"

#include <array>

namespace test {
namespace {

constexpr std::array kPrimitives = {
    // Hosts, nets, ports.
    "host 10.0.0.1", "src host 10.0.0.1", "dst host 10.0.0.1", "src or dst host 10.0.0.2",
    "src and dst host 10.0.0.1", "ip host 10.0.0.1", "arp host 10.0.0.1", "rarp host 10.0.0.2",
    "host 2001:db8::1", "src host 2001:db8::1", "dst host ff02::fb", "ip6 host 2001:db8::2",
    "ether host 0:1:2:3:4:5", "ether src 0:1:2:3:4:5", "ether dst 0:1:2:3:4:6", "net 10.0.0.0/8",
    "src net 10", "dst net 192.168.1.0 mask 255.255.255.0", "net 192.168.1", "net 2001:db8::/32",
    "src net 2001:db8::/64", "dst net ff00::/8", "10.0.0.1", "0:1:2:3:4:5", "port 53",
    "src port 53", "dst port 443", "tcp port 80", "udp port 5353", "sctp port 22",
    "tcp src port 443", "udp dst port 53", "portrange 20-80", "src portrange 20-80",
    "dst portrange 1000-6000", "tcp portrange 0-1023", "udp src portrange 53-5353",
    "src port 22 or 80", "dst port 22 or 53 or 443",
    // Lengths.
    "less 60", "greater 60", "len <= 80", "len > 100", "len = 60", "len - 14 > 40",
    // Protocols.
    "ip proto 6", "ip proto \\tcp", "ip6 proto 17", "ip6 proto \\udp", "proto 132", "proto 1",
    "tcp", "udp", "icmp", "icmp6", "igmp", "igrp", "pim", "ah", "esp", "vrrp", "carp", "sctp", "ip",
    "ip6", "arp", "rarp", "atalk", "aarp", "decnet", "iso", "stp", "ipx", "netbeui", "lat", "moprc",
    "mopdl", "ether proto 0x800", "ether proto \\arp", "ether proto 0x6004", "ether proto 100",
    "iso proto \\clnp", "iso proto \\esis", "iso proto \\isis", "clnp", "esis", "isis", "l1", "l2",
    "iih", "lsp", "snp", "csnp", "psnp", "decnet src 10.15", "decnet dst 10.15",
    "decnet host 10.15", "ip6 protochain 6", "ip protochain 51", "protochain \\tcp",
    "ip6 protochain \\icmp6",
    // To all, to a group.
    "ether broadcast", "ether multicast", "ip broadcast", "ip multicast", "ip6 multicast",
    "broadcast", "multicast",
    // What is around the packet.
    "vlan", "vlan 100", "vlan 3", "vlan and ip", "vlan 100 and tcp", "vlan and vlan",
    "vlan and vlan 5", "vlan 100 and vlan 4 and ip", "vlan and host 10.0.0.1", "not vlan",
    "vlan or tcp", "ip or vlan", "vlan and port 53", "vlan and ip6", "vlan and arp", "mpls",
    "mpls 16", "mpls 17 and mpls 18", "mpls and ip", "mpls and host 10.0.0.1", "pppoed", "pppoes",
    "pppoes 1", "pppoes and ip", "pppoes and tcp port 80", "vlan and mpls 16", "geneve", "geneve 1",
    "geneve and ip", "inbound", "outbound", "inbound and tcp", "not outbound",
    // Bytes.
    "ether[0] & 1 != 0", "ether[12:2] = 0x800", "ether[14] = 0x45", "ether[10:4] = 0x86dd",
    "ether[11:2] > 8", "ether[13:4] > 1000", "ether[15:2] > 100", "ether[9:4] > 0",
    "link[0] & 1 = 0", "ip[0] & 0xf != 5", "ip[6:2] & 0x1fff = 0", "ip[8] < 64", "ip[2:2] > 60",
    "ip[12:4] = 0x0a000001", "ip6[6] = 17", "ip6[40] = 58", "arp[6:2] = 1", "rarp[6:2] = 3",
    "tcp[13] & 2 != 0", "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "tcp[tcpflags] == tcp-ack",
    "tcp[tcpflags] & (tcp-rst|tcp-push|tcp-urg|tcp-ece|tcp-cwr) != 0", "tcp[0:2] = 443",
    "tcp[((tcp[12] & 0xf0) >> 2):1] > 128", "tcp[((tcp[12:1] & 0xf0) >> 2):4] > 0x80000000",
    "udp[4:2] > 20", "udp[8] & 0x80 = 0", "udp[0:2] = udp[2:2]", "sctp[0:2] = 22", "icmp[0] = 8",
    "icmp[icmptype] = icmp-echo", "icmp[icmptype] != icmp-echoreply", "icmp[icmpcode] = 0",
    "icmp[icmptype] == icmp-unreach or icmp[icmptype] == icmp-timxceed",
    "icmp6[icmp6type] = icmp6-echo", "icmp6[icmp6type] == icmp6-neighborsolicit", "icmp6[0] > 130",
    "igmp[0] > 10", "ip[ip[8]] > 100", "ether[ether[1]] = 1", "ether[ip[8]:2] > 1000",
    "ether[len - 1] > 100", "ether[len] = 0", "ether[len - 2:4] = 0", "ether[ether[12] - 2:2] > 5",
    "ether[0xffff] = 0", "ether[300] = 1", "ether[254:4] = 1", "ether[0x7fffffff] = 1",
    "ip[0 - 1] = 1", "ip[2 - 4:2] = 0x800", "tcp[0 - 20:1] = 0x45",
    // Arithmetic.
    "ip[2:2] - ((ip[0] & 0xf) << 2) > 40", "ip[8] * 2 > 100", "ip[8] / 3 = 10", "ip[8] % 7 = 3",
    "ip[8] / ip[9] > 5", "ip[8] % ip[1] = 0", "(ip[8] + ip[9]) & 1 = 0", "ip[8] | 1 = ip[8]",
    "ip[8] ^ ip[1] > 100", "ip[12:4] >> 24 = 10", "1 << ip[8] > 5", "ip[12:4] >> ip[8] > 3",
    "-ip[8] > 5", "ip[8] - 255 < 10", "1 = 1", "1 = 0", "0xffffffff > ip[12:4]",
    "ip[12:4] < ip[16:4]", "ip[8] >= ip[9]", "ip[8] <= ip[9]", "len / 2 > ip[8]", "len % 4 = 0",
    "(ip[12:4] + ip[16:4]) * 3 > 0x10000000",
    // Combined.
    "tcp port 443 and host 10.0.0.1", "not (tcp or udp)", "! arp and ! icmp",
    "tcp and (port 80 or port 443) and not host 10.0.0.2",
    "(src host 10.0.0.1 and dst port 53) or (dst host 10.0.0.1 and src port 53)",
    "tcp[tcpflags] & tcp-syn != 0 and not src and dst net 10.0.0.0/8",
    "ip and not net 10.0.0.0/8 and not icmp",
    "host 10.0.0.1 or host 10.0.0.2 or host 2001:db8::1 and not port 22"};

class Grammar {
  public:
    explicit Grammar(Random& random) : random_(&random) {}

    std::string expression(int depth) {
        const uint32_t kind = depth <= 0 ? 0 : below(6);
        switch (kind) {
            case 1:
                return expression(depth - 1) + " and " + expression(depth - 1);
            case 2:
                return expression(depth - 1) + " or " + expression(depth - 1);
            case 3:
                return "not (" + expression(depth - 1) + ")";
            case 4:
                return "(" + expression(depth - 1) + " or " + expression(depth - 1) + ")";
            case 5:
                return relation();
            default:
                return below(5) == 0 ? relation() : kPrimitives[below(kPrimitives.size())];
        }
    }

  private:
    uint32_t below(uint64_t limit) {
        return static_cast<uint32_t>(
            std::uniform_int_distribution<uint64_t>(0, limit - 1)(*random_));
    }
    template <size_t kSize>
    std::string pick(const std::array<const char*, kSize>& from) {
        return from[below(kSize)];
    }

    std::string relation() {
        static constexpr std::array kRelations = {" = ", " != ", " > ", " < ", " >= ", " <= "};
        return value(2) + pick(kRelations) + value(2);
    }

    std::string value(int depth) {
        static constexpr std::array kOperators = {" + ", " - ", " * ", " / ",  " % ",
                                                  " & ", " | ", " ^ ", " << ", " >> "};
        switch (depth <= 0 ? 2 + below(3) : below(5)) {
            case 0:
                return "(" + value(depth - 1) + pick(kOperators) + value(depth - 1) + ")";
            case 1:
            case 2:
                return bytes(depth);
            case 3:
                return below(4) == 0
                           ? "len"
                           : std::to_string(below(3) == 0 ? below(1ULL << 32) : below(70));
            default:
                return std::to_string(1 + below(31));
        }
    }

    std::string bytes(int depth) {
        static constexpr std::array kProtocols = {"ether", "ip", "tcp", "udp", "icmp", "ip6"};
        static constexpr std::array kSizes = {"", ":1", ":2", ":4"};
        const std::string at =
            depth > 1 && below(5) == 0 ? value(depth - 2) : std::to_string(below(44));
        return pick(kProtocols) + "[" + at + pick(kSizes) + "]";
    }

    Random* random_;
};

}  // namespace

std::span<const char* const> primitives() {
    return kPrimitives;
}

std::string make_expression(Random& random) {
    return Grammar(random).expression(3);
}

}  // namespace test
