// SPDX-License-Identifier: GPL-2.0-only
//
// Drops for causes other than a firewall, a missing socket or a full one. The oracles are the
// kernel's counters of each cause, and the error that the sender got.
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>
#include <vector>

#include "pcapng/fd.h"
#include "tests/kernel/seen_drops.h"
#include "tests/kernel/socket_calls.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/frames.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;
using pcapng::Fd;

constexpr int kPackets = 3;

// A segment or datagram with no data and a checksum of 0xbad0, which isn't its own, over lo.
void send_corrupt(int protocol, std::vector<uint8_t> bytes, uint16_t port) {
    const Address to = make_address("127.0.0.1", 0);
    const Fd raw = make_socket(to, SOCK_RAW, protocol);
    const size_t checksum = protocol == IPPROTO_UDP ? 6 : 16;
    bytes[2] = static_cast<uint8_t>(port >> 8);
    bytes[3] = static_cast<uint8_t>(port);
    bytes[checksum] = 0xba;
    bytes[checksum + 1] = 0xd0;
    for (int i = 0; i < kPackets; i++) {
        CHECK(sendto(raw.get(), bytes.data(), bytes.size(), 0, to.get(), to.length) ==
              static_cast<ssize_t>(bytes.size()));
    }
}

}  // namespace

TEST_CASE(
    "what has a bad checksum, a forged source, no neighbour or fails a socket's filter drops "
    "with its cause, as often as the kernel counts it") {
    const Cable cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    uint64_t bad_datagrams = 0;
    uint64_t bad_segments = 0;
    uint64_t forged = 0;
    uint64_t filtered = 0;
    cable.a.sysctl("ipv4/neigh/va/retrans_time_ms", "50");
    cable.b.sysctl("ipv4/conf/vb/rp_filter", "1");
    Capture capture(cable.a, events("drop", file));
    {
        const InNetns inside(cable.a);
        send_corrupt(IPPROTO_UDP, {0, 9, 0, 0, 0, 8, 0, 0}, 7201);
        send_corrupt(IPPROTO_TCP, {0, 9, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 1, 0, 0, 0, 0, 0},
                     7202);
        bad_datagrams = net_counter("Udp", "InCsumErrors");
        bad_segments = net_counter("Tcp", "InCsumErrors");

        const Address own = make_address("127.0.0.1", 7203);
        const Fd receiver = make_socket(own, SOCK_DGRAM);
        sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
        const sock_fprog filter{1, nothing};
        REQUIRE(setsockopt(receiver.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) ==
                0);
        REQUIRE(call_bind(receiver, own) == 0);
        const uint64_t before = net_counter("Udp", "InErrors");
        for (int i = 0; i < kPackets; i++) {
            CHECK(send_to(make_socket(own, SOCK_DGRAM), own, 10) == 0);
        }
        filtered = net_counter("Udp", "InErrors") - before;

        // Nobody has this address. The error comes once the neighbour was asked for in vain.
        const Address nobody = make_address("10.7.0.99", 7204);
        const Fd sender = make_socket(nobody, SOCK_DGRAM);
        const int on = 1;
        REQUIRE(setsockopt(sender.get(), IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) == 0);
        CHECK(send_to(sender, nobody, 10) == 0);
        pollfd failed{sender.get(), 0, 0};
        REQUIRE(poll(&failed, 1, 60'000) == 1);
        CHECK(error_of(sender) == EHOSTUNREACH);

        // To b, as from an address that b has no way to.
        const Fd wire(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
        sockaddr_ll device{};
        device.sll_family = AF_PACKET;
        device.sll_ifindex = static_cast<int>(if_nametoindex("va"));
        REQUIRE(bind(wire.get(), reinterpret_cast<const sockaddr*>(&device), sizeof(device)) == 0);
        for (int i = 0; i < kPackets; i++) {
            send_frame(wire, udp_frame({kMacA, "192.0.2.77", 9}, {kMacB, kAddressB, 7205}));
        }
        const InNetns there(cable.b);
        for (int i = 0; i < 600 && forged < kPackets; i++) {
            usleep(100'000);
            forged = net_counter("TcpExt", "IPReversePathFilter");
        }
    }
    capture.stop();

    CHECK(bad_datagrams == kPackets);
    CHECK(bad_segments == kPackets);
    CHECK(filtered == kPackets);
    CHECK(forged == kPackets);
    const auto check = [&file](uint16_t port, size_t count, const char* reason,
                               const char* symbol) {
        CAPTURE(reason);
        const auto drops = drops_to(file, port);
        CHECK(drops.size() == count);
        for (const SeenEvent& event : drops) {
            check_reason(event, reason, symbol);
        }
        return drops;
    };
    const auto self = static_cast<uint32_t>(getpid());
    check(7201, bad_datagrams, "UDP_CSUM", "__udp4_lib_rcv");
    check(7202, bad_segments, "TCP_CSUM", "tcp_v4_rcv");
    for (const SeenEvent& event : check(7203, filtered, "SOCKET_FILTER", "udp_queue_rcv")) {
        if (has_receiver()) {
            CHECK(event.pid == self);
            CHECK(event.text("end") == "receiver");
        }
    }
    // Before a cause was named, the packet was freed by ARP.
    for (const SeenEvent& event : check(7204, 1, "NEIGH_FAILED", "")) {
        CHECK(event.pid == self);
        CHECK(event.text("end") == "sender");
    }
    for (const SeenEvent& event : check(7205, forged, "IP_RPFILTER", "ip_rcv_finish")) {
        CHECK(event.pid == 0);
        CHECK(event.text("device") == "vb");
    }
}
