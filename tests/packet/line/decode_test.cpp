// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/decode.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "tests/packet/line/packet_bytes.h"

using namespace test;  // NOLINT: the packets' builders

namespace {

constexpr unsigned kIp = 0x800;
constexpr unsigned kIp6 = 0x86dd;
constexpr unsigned kArp = 0x806;
constexpr unsigned kMoreFragments = 0x2000;

std::string decode(uint16_t link_type, const Bytes& data, size_t wire_len, bool quiet = false) {
    fmt::memory_buffer out;
    packet::append_decoded(out, link_type, data, static_cast<uint32_t>(wire_len), {.quiet = quiet});
    return fmt::to_string(out);
}

std::string decode(const Bytes& frame, bool quiet = false) {
    return decode(1, frame, frame.size(), quiet);
}

// The first `size` bytes of a frame, as a snaplen leaves it.
std::string decode_cut(Bytes frame, size_t size) {
    const size_t wire_len = frame.size();
    frame.resize(size);
    return decode(1, frame, wire_len);
}

const Bytes& arp_request() {
    static const Bytes kRequest = bytes(
        {0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2});
    return kRequest;
}

// "foo. CNAME bar., MX bar. 5", 45 bytes.
Bytes dns_answer() {
    return bytes({0, 7, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0}) +
           bytes({3, 'f', 'o', 'o', 0, 0, 1, 0, 1}) +
           bytes({0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 15, 0, 1, 0, 0, 0, 0, 0, 0});
}

Bytes tcp_options() {
    return bytes({2, 4, 5, 0xb4, 1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2, 3, 3, 7, 0});
}

// A record with a message of which the captured bytes are the beginning.
Bytes client_hello() {
    return bytes({22, 3, 1, 0, 60, 1, 0, 0, 56, 3, 3}) + Bytes(32) +
           bytes({0, 0, 2, 0x13, 1, 1, 0, 0, 13, 0, 0, 0, 9, 0, 7, 0, 0, 4, 'h', 'o', 's', 't'});
}

void replace(std::string& text, std::string_view from, std::string_view to) {
    if (const size_t at = text.find(from); at != std::string::npos) {
        text.replace(at, from.size(), to);
    }
}

// tcpdump's lines for frames, by a file on its standard input.
std::vector<std::string> tcpdump(const std::vector<Bytes>& frames) {
    std::string in = "/tmp/pidcap-decode-XXXXXX";
    const int in_fd = mkstemp(in.data());
    std::string out = "/tmp/pidcap-decode-XXXXXX";
    const int out_fd = mkstemp(out.data());
    REQUIRE((in_fd >= 0 && out_fd >= 0));
    std::ofstream file(in, std::ios::binary);
    const auto put = [&file](uint32_t value) {
        file.write(reinterpret_cast<const char*>(&value), sizeof(value));
    };
    for (const uint32_t word : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 262144U, 1U}) {
        put(word);  // the header of a pcap file, version 2.4
    }
    for (const Bytes& frame : frames) {
        put(1);
        put(0);
        put(static_cast<uint32_t>(frame.size()));
        put(static_cast<uint32_t>(frame.size()));
        file.write(reinterpret_cast<const char*>(frame.data()),
                   static_cast<std::streamsize>(frame.size()));
    }
    file.close();
    const pid_t child = fork();
    if (child == 0) {
        dup2(in_fd, STDIN_FILENO);
        dup2(out_fd, STDOUT_FILENO);
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        execlp("tcpdump", "tcpdump", "-nn", "-S", "-t", "-r", "-", nullptr);
        _exit(127);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
    std::vector<std::string> lines;
    std::ifstream answer(out);
    for (std::string line; std::getline(answer, line);) {
        lines.push_back(line);
    }
    close(in_fd);
    close(out_fd);
    std::remove(in.c_str());
    std::remove(out.c_str());
    return lines;
}

// tcpdump's line in our words: we name the protocol before the addresses, once.
std::string in_our_words(std::string line) {
    replace(line, "IP6 ", "IP ");
    for (const auto& [theirs, ours] : {std::pair{"UDP, ", "UDP "},
                                       {"ICMP6, ", "ICMPv6 "},
                                       {"ICMP ", "ICMP "},
                                       {"Flags ", "TCP "}}) {
        if (line.find(std::string(": ") + theirs) != std::string::npos) {
            const bool is_tcp = std::string_view(theirs) == "Flags ";
            replace(line, theirs, is_tcp ? theirs : "");
            replace(line, "IP ", ours);
        }
    }
    replace(line, "ARP, Request", "ARP");
    replace(line, "ARP, Reply", "ARP");
    return line;
}

}  // namespace

TEST_CASE("addresses, ports, flags and lengths are those that tcpdump shows") {
    std::vector<Bytes> frames;
    for (unsigned flags = 0; flags < 256; ++flags) {
        const uint32_t urgent = (flags & 0x20U) != 0 ? 1 : 0;  // tcpdump names URG's pointer
        if (urgent == 0) {
            frames.push_back(ethernet(kIp, ipv4(IPPROTO_TCP, tcp(flags, 4294967290U, 7, flags))));
            frames.push_back(ethernet(kIp6, ipv6(IPPROTO_TCP, tcp(flags, 1, 4000000000U, 0))));
        }
    }
    for (const size_t length : {size_t{0}, size_t{1}, size_t{1400}, size_t{60000}}) {
        frames.push_back(ethernet(kIp, ipv4(IPPROTO_UDP, udp(length))));
        frames.push_back(ethernet(kIp6, ipv6(IPPROTO_UDP, udp(length))));
        for (const unsigned type : {8U, 0U}) {
            frames.push_back(
                ethernet(kIp, ipv4(IPPROTO_ICMP, icmp(type, 0, 4660, 65535, Bytes(length)))));
            frames.push_back(ethernet(
                kIp6, ipv6(IPPROTO_ICMPV6, icmp(type == 8 ? 128 : 129, 0, 1, 2, Bytes(length)))));
        }
    }
    frames.push_back(ethernet(kArp, arp_request()));
    // Padding to the Ethernet minimum is not part of the packet.
    frames.push_back(ethernet(kIp, ipv4(IPPROTO_TCP, tcp(0x10, 1, 2, 0))) + Bytes(6));

    const std::vector<std::string> lines = tcpdump(frames);
    REQUIRE(lines.size() == frames.size());
    for (size_t i = 0; i < frames.size(); ++i) {
        CHECK(decode(frames[i]) == in_our_words(lines[i]));
    }
}

TEST_CASE("TCP shows its flags, and less when quiet") {
    const Bytes frame = ethernet(kIp, ipv4(IPPROTO_TCP, tcp(0x18, 100, 200, 10)));
    CHECK(decode(frame) ==
          "TCP 10.0.0.1.40000 > 10.0.0.2.40001: Flags [P.], seq 100:110, ack 200, win 502, length "
          "10");
    CHECK(decode(frame, true) == "TCP 10.0.0.1.40000 > 10.0.0.2.40001: Flags [P.], length 10");
}

TEST_CASE("VLAN tags are read through, up to four") {
    const Bytes ip = ipv4(IPPROTO_UDP, udp(3));
    const std::string inner = "UDP 10.0.0.1.40000 > 10.0.0.2.40001: length 3";
    CHECK(decode(ethernet(0x8100, vlan(10, kIp, ip))) == "vlan 10 " + inner);
    CHECK(decode(ethernet(0x88a8, vlan(0xe064, 0x8100, vlan(10, kIp, ip)))) ==
          "vlan 100 vlan 10 " + inner);
    Bytes deep = ip;
    unsigned type = kIp;
    for (int i = 0; i < 5; ++i) {
        deep = vlan(1, type, deep);
        type = 0x8100;
    }
    CHECK_THAT(decode(ethernet(0x8100, deep)), Catch::StartsWith("vlan 1 vlan 1 vlan 1 vlan 1 e"));
}

TEST_CASE("raw IP has no link layer") {
    const Bytes v4 = ipv4(IPPROTO_UDP, udp(3));
    CHECK(decode(101, v4, v4.size()) == "UDP 10.0.0.1.40000 > 10.0.0.2.40001: length 3");
    const Bytes v6 = ipv6(IPPROTO_UDP, udp(3));
    CHECK(decode(101, v6, v6.size()) == "UDP fd00::1.40000 > fd00::2.40001: length 3");
    CHECK(decode(101, bytes({0x12}), 1) == "IP [bad version 1], length 1");
    CHECK(decode(101, {}, 0) == "IP [|ip]");
}

TEST_CASE("ports are read from a first fragment only") {
    CHECK(decode(ethernet(kIp, ipv4(IPPROTO_UDP, udp(24), kMoreFragments))) ==
          "UDP 10.0.0.1.40000 > 10.0.0.2.40001: length 24, first fragment, id 77");
    CHECK(decode(ethernet(kIp, ipv4(IPPROTO_UDP, udp(24), kMoreFragments | 4))) ==
          "UDP 10.0.0.1 > 10.0.0.2: fragment, id 77, offset 32+, length 32");
    CHECK(decode(ethernet(kIp, ipv4(IPPROTO_TCP, udp(24), 4))) ==
          "TCP 10.0.0.1 > 10.0.0.2: fragment, id 77, offset 32, length 32");
    const Bytes later = bytes({IPPROTO_UDP, 0}) + be16(1480) + be32(99) + udp(8);
    CHECK(decode(ethernet(kIp6, ipv6(IPPROTO_FRAGMENT, later))) ==
          "UDP fd00::1 > fd00::2: fragment, id 99, offset 1480, length 16");
}

TEST_CASE("IPv6 extension headers are walked, but not for ever") {
    const Bytes options = bytes({IPPROTO_DSTOPTS, 0, 1, 4, 0, 0, 0, 0});
    const Bytes last = bytes({IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0});
    CHECK(decode(ethernet(kIp6, ipv6(IPPROTO_HOPOPTS, options + last + udp(5)))) ==
          "UDP fd00::1.40000 > fd00::2.40001: length 5");
    Bytes many;
    for (int i = 0; i < 1000; ++i) {
        many = many + options;
    }
    CHECK(decode(ethernet(kIp6, ipv6(IPPROTO_DSTOPTS, many))) ==
          "IP6 fd00::1 > fd00::2: [|ip6-ext]");
}

TEST_CASE("a packet cut by the snaplen says where") {
    const Bytes frame = ethernet(kIp, ipv4(IPPROTO_TCP, tcp(0x10, 1, 2, 1000)));
    CHECK(decode_cut(frame, 10) == "[|ether]");
    CHECK(decode_cut(frame, 14 + 19) == "IP [|ip]");
    CHECK(decode_cut(frame, 14 + 20 + 3) == "TCP 10.0.0.1 > 10.0.0.2: [|tcp]");
    CHECK(decode_cut(frame, 14 + 20 + 19) == "TCP 10.0.0.1.40000 > 10.0.0.2.40001: [|tcp]");
    // The length is the packet's, not that of what was kept.
    CHECK(
        decode_cut(frame, 14 + 20 + 20) ==
        "TCP 10.0.0.1.40000 > 10.0.0.2.40001: Flags [.], seq 1:1001, ack 2, win 502, length 1000");
}

TEST_CASE("headers that lie about lengths are called bad") {
    Bytes frame = ethernet(kIp, ipv4(IPPROTO_TCP, tcp(0x10, 1, 2, 0)));
    frame[14] = std::byte{0x44};
    CHECK(decode(frame) == "IP [bad header length 16]");
    frame[14] = std::byte{0x45};
    frame[17] = std::byte{10};
    CHECK(decode(frame) == "IP [bad length 10]");
    frame[17] = std::byte{140};
    CHECK_THAT(decode(frame), Catch::EndsWith(", 100 bytes missing"));
    frame[17] = std::byte{40};
    frame[14 + 20 + 12] = std::byte{0xf0};
    CHECK_THAT(decode(frame), Catch::Contains("[bad header length 60]"));
    Bytes datagram = udp(4);
    datagram[5] = std::byte{7};
    CHECK_THAT(decode(ethernet(kIp, ipv4(IPPROTO_UDP, datagram))),
               Catch::EndsWith("[bad length 7]"));
}

TEST_CASE("a UDP-Lite packet's length is not the coverage of its checksum") {
    Bytes datagram = udp(100);
    datagram[4] = std::byte{0};
    datagram[5] = std::byte{12};  // the header and four bytes
    CHECK(decode(ethernet(kIp, ipv4(IPPROTO_UDPLITE, datagram))) ==
          "UDP-Lite 10.0.0.1.40000 > 10.0.0.2.40001: length 100");
}

TEST_CASE("a packet of more than 64 KiB has the length of its bytes") {
    Bytes big = ipv4(IPPROTO_TCP, tcp(0x10, 0, 0, 100000));
    big[2] = big[3] = std::byte{0};  // Linux's BIG TCP
    CHECK_THAT(decode(ethernet(kIp, big)), Catch::EndsWith("length 100000"));
}

TEST_CASE("ICMP errors name the packet that they are about") {
    const Bytes inner = ipv4(IPPROTO_UDP, udp(0));
    CHECK(decode(ethernet(kIp, ipv4(IPPROTO_ICMP, icmp(3, 3, 0, 0, inner)))) ==
          "ICMP 10.0.0.1 > 10.0.0.2: port unreachable (UDP 10.0.0.1.40000 > 10.0.0.2.40001), "
          "length 36");
    CHECK(decode(ethernet(kIp, ipv4(IPPROTO_ICMP, icmp(3, 4, 0, 1400, {})))) ==
          "ICMP 10.0.0.1 > 10.0.0.2: fragmentation needed, mtu 1400, length 8");
    const Bytes inner6 = ipv6(IPPROTO_TCP, tcp(2, 0, 0, 0));
    CHECK(decode(ethernet(kIp6, ipv6(IPPROTO_ICMPV6, icmp(1, 4, 0, 0, inner6)))) ==
          "ICMPv6 fd00::1 > fd00::2: port unreachable (TCP fd00::1.40000 > fd00::2.40001), "
          "length 68");
}

TEST_CASE("ICMPv6 neighbour discovery, SCTP and others are named") {
    const Bytes target = bytes({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9});
    CHECK(decode(ethernet(kIp6, ipv6(IPPROTO_ICMPV6, icmp(135, 0, 0, 0, target)))) ==
          "ICMPv6 fd00::1 > fd00::2: neighbour solicitation, who has fd00::9, length 24");
    CHECK(decode(ethernet(kIp, ipv4(132, be16(1) + be16(2) + Bytes(8) + bytes({1, 0, 0, 4})))) ==
          "SCTP 10.0.0.1.1 > 10.0.0.2.2: [INIT], length 4");
    CHECK(decode(ethernet(kIp, ipv4(47, Bytes(4)))) == "GRE 10.0.0.1 > 10.0.0.2: length 4");
    CHECK(decode(ethernet(kIp, ipv4(99, Bytes(4)))) == "proto 99 10.0.0.1 > 10.0.0.2: length 4");
    CHECK(decode(ethernet(0x88cc, Bytes(46))) ==
          "LLDP 02:00:00:00:00:01 > 02:00:00:00:00:02: length 46");
    CHECK(decode(ethernet(0x1234, Bytes(46))) ==
          "ethertype 0x1234 02:00:00:00:00:01 > 02:00:00:00:00:02: length 46");
}

TEST_CASE("a conversation's numbers are relative to its first ones, both ways") {
    packet::TcpSequences sequences;
    const auto line = [&](bool there, unsigned flags, uint32_t seq, uint32_t ack, size_t length) {
        Bytes segment = tcp(flags, seq, ack, length);
        Bytes packet = ipv4(IPPROTO_TCP, segment);
        if (!there) {
            std::swap_ranges(packet.begin() + 12, packet.begin() + 16, packet.begin() + 16);
            std::swap_ranges(packet.begin() + 20, packet.begin() + 22, packet.begin() + 22);
        }
        fmt::memory_buffer out;
        const Bytes frame = ethernet(kIp, packet);
        packet::append_decoded(out, 1, frame, static_cast<uint32_t>(frame.size()), {}, &sequences);
        const std::string text = fmt::to_string(out);
        return text.substr(text.find("Flags"));
    };
    constexpr uint32_t kHere = 4294967290U;
    constexpr uint32_t kThere = 700;
    CHECK(line(true, 0x02, kHere, 0, 0) == "Flags [S], seq 4294967290, win 502, length 0");
    CHECK(line(false, 0x12, kThere, kHere + 1, 0) ==
          "Flags [S.], seq 700, ack 4294967291, win 502, length 0");
    CHECK(line(true, 0x10, kHere + 1, kThere + 1, 0) == "Flags [.], ack 1, win 502, length 0");
    CHECK(line(true, 0x18, kHere + 1, kThere + 1, 10) ==
          "Flags [P.], seq 1:11, ack 1, win 502, length 10");
    CHECK(line(false, 0x11, kThere + 1, kHere + 11, 0) ==
          "Flags [F.], seq 1, ack 11, win 502, length 0");
    // The same ports again.
    CHECK(line(true, 0x02, 5, 0, 0) == "Flags [S], seq 5, win 502, length 0");
    CHECK(line(false, 0x12, 9, 6, 0) == "Flags [S.], seq 9, ack 6, win 502, length 0");
    CHECK(line(true, 0x18, 6, 10, 1) == "Flags [P.], seq 1:2, ack 1, win 502, length 1");
}

TEST_CASE("a flood of conversations makes those start anew that were quiet, and no others") {
    packet::TcpSequences sequences;
    const Bytes addresses = bytes({10, 0, 0, 1, 10, 0, 0, 2});
    packet::Network network;
    network.source = std::span(addresses).first(4);
    network.target = std::span(addresses).subspan(4);
    const auto relate = [&](uint32_t number, uint32_t sequence) {
        const packet::Ports ports{.source = static_cast<uint16_t>(number),
                                  .target = static_cast<uint16_t>(number >> 16)};
        return sequences
            .relate(network, ports, {.sequence = sequence, .acknowledgment = 1, .flags = 0x10})
            .sequence;
    };
    CHECK(relate(0xffffffff, 1000) == 1000);
    CHECK(relate(0xfffffffe, 2000) == 2000);
    for (uint32_t i = 0; i < 200'000; ++i) {
        relate(i, 1);
        if (i % 100 == 0) {
            REQUIRE(relate(0xffffffff, 1007) == 7);
        }
    }
    CHECK(relate(0xfffffffe, 2007) == 2007);
}

TEST_CASE("text in a packet can't pass for a field of the line") {
    const auto segment = [](std::string_view text) {
        Bytes payload;
        for (const char c : text) {
            payload.push_back(static_cast<std::byte>(c));
        }
        return decode(ethernet(kIp, ipv4(IPPROTO_TCP, tcp(0x18, 1, 2, 0) + payload)));
    };
    CHECK_THAT(segment("GET /a?user=b HTTP/1.1\r\nHost: c\r\n"),
               Catch::EndsWith(": HTTP: GET /a?user=b HTTP/1.1"));
    CHECK_THAT(segment("HTTP/1.1 404 Not Found\r\n"), Catch::EndsWith(": HTTP/1.1 404 Not Found"));
    CHECK_THAT(segment("GET /\x1b[2J at=sender peer.exe=/x HTTP/1.1\r\n"),
               Catch::EndsWith("GET /\\x1b[2J\\x20at=sender\\x20peer.exe=/x HTTP/1.1"));
    CHECK_THAT(segment("SSH-2.0-x\r\n"), Catch::EndsWith("length 11"));
    const Bytes asks = be16(7) + bytes({1, 0, 0, 1, 0, 0, 0, 0, 0, 0}) +
                       bytes({5, 'a', ' ', 'b', '=', 10, 0, 0, 1, 0, 1});
    const Bytes datagram = be16(40000) + be16(53) + be16(8 + asks.size()) + be16(0) + asks;
    CHECK_THAT(decode(ethernet(kIp, ipv4(IPPROTO_UDP, datagram))),
               Catch::EndsWith(": 7+ A? a\\x20b=\\x0a. (23)"));
}

TEST_CASE("a DNS message shows a bounded number of names, whatever it counts") {
    Bytes records;
    for (int i = 0; i < 2000; ++i) {
        records = records + bytes({0xc0, 12, 0, 2, 0, 1, 0, 0, 0, 0, 0, 2, 0xc0, 12});
    }
    const Bytes message = bytes({0, 7, 0x81, 0x80, 0, 1, 0xff, 0xff, 0, 0, 0, 0}) +
                          bytes({3, 'f', 'o', 'o', 0, 0, 1, 0, 1}) + records;
    const Bytes datagram = be16(53) + be16(40000) + be16(8 + message.size()) + be16(0) + message;
    const std::string line = decode(ethernet(kIp, ipv4(IPPROTO_UDP, datagram)));
    CHECK_THAT(line,
               Catch::Contains(" 65535/0/0 NS foo., NS foo.,") && Catch::EndsWith(", ... (28021)"));
    CHECK(line.size() < 1000);
}

TEST_CASE("damaged and cut packets never read past their end") {
    const Bytes options = bytes({IPPROTO_FRAGMENT, 0, 1, 4, 0, 0, 0, 0});
    const Bytes fragment = bytes({IPPROTO_TCP, 0, 0, 1, 0, 0, 0, 9});
    const std::vector<Bytes> seeds{
        ethernet(kIp, ipv4(IPPROTO_TCP, tcp(0x12, 1, 2, 8))),
        ethernet(kIp, ipv4(IPPROTO_UDP, udp(8))),
        ethernet(kIp, ipv4(IPPROTO_ICMP, icmp(3, 3, 0, 0, ipv4(IPPROTO_UDP, udp(2))))),
        ethernet(kIp, ipv4(132, Bytes(16))),
        ethernet(kIp6, ipv6(IPPROTO_HOPOPTS, options + fragment + tcp(2, 0, 0, 4))),
        ethernet(kIp6, ipv6(IPPROTO_ICMPV6, icmp(135, 0, 0, 0, Bytes(16)))),
        ethernet(0x88a8, vlan(1, 0x8100, vlan(2, kIp, ipv4(IPPROTO_UDP, udp(8))))),
        ethernet(kArp, arp_request()),
        ethernet(kIp, ipv4(IPPROTO_UDP, be16(53) + be16(9) + be16(53) + be16(0) + dns_answer())),
        ethernet(kIp, ipv4(IPPROTO_TCP, be16(9) + be16(80) + be32(1) + be32(2) +
                                            bytes({0xa0, 0x18, 1, 1, 0, 0, 0, 0}) + tcp_options())),
        ethernet(kIp, ipv4(IPPROTO_TCP, tcp(0x18, 1, 2, 0) + client_hello())),
    };
    packet::TcpSequences sequences;
    std::mt19937 random(42);  // NOLINT: the same damage every time
    for (int round = 0; round < 200000; ++round) {
        const Bytes& seed = seeds[random() % seeds.size()];
        // Exactly as long as what is captured, so that ASan sees a read past it.
        Bytes frame(seed.begin(),
                    seed.begin() + static_cast<std::ptrdiff_t>(random() % (seed.size() + 1)));
        for (auto changes = random() % 6; changes > 0 && !frame.empty(); --changes) {
            frame[random() % frame.size()] = static_cast<std::byte>(random());
        }
        const uint16_t link_type = random() % 4 == 0 ? 101 : 1;
        fmt::memory_buffer line;
        packet::append_decoded(line, link_type, frame, static_cast<uint32_t>(seed.size()),
                               {.quiet = random() % 4 == 0,
                                .verbose = static_cast<int>(random() % 4),
                                .link_header = random() % 2 == 0},
                               &sequences);
        REQUIRE(line.size() < 2000);
    }
}
