// SPDX-License-Identifier: GPL-2.0-only
//
// Events of dropped packets, and which are left out. The oracles are the counters of nftables and
// of /proc/net/snmp, and the errors that programs see.
#include <linux/membarrier.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "pcapng/fd.h"
#include "tests/kernel/seen_drops.h"
#include "tests/kernel/socket_calls.h"
#include "tests/support/capture.h"
#include "tests/support/child.h"
#include "tests/support/loaded_programs.h"
#include "tests/support/skip.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;
using pcapng::Fd;

const Address kAny = make_address("0.0.0.0", 0);

uint64_t nft_packets(const std::string& table) {
    const std::string text = output_of({"nft", "list", "table", table});
    std::smatch match;
    REQUIRE(std::regex_search(text, match, std::regex("counter packets (\\d+)")));
    return std::stoull(match[1]);
}

// A socket's queue is emptied some time after its end (SOCK_RCU_FREE).
void wait_for_rcu() {
    for (int i = 0; i < 3; i++) {
        REQUIRE(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0);
        usleep(50'000);
    }
}

}  // namespace

TEST_CASE("what nobody listens to is dropped for want of a socket") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    Capture capture(netns, events("drop", file));
    {
        const InNetns inside(netns);
        CHECK(send_to(make_socket(kAny, SOCK_DGRAM), make_address("127.0.0.1", 7100), 10) == 0);
        const Address closed = make_address("127.0.0.1", 7101);
        const Fd client = make_socket(kAny, SOCK_STREAM);
        CHECK(call_connect(client, closed) == ECONNREFUSED);
    }
    capture.stop();
    const auto datagrams = drops_to(file, 7100);
    REQUIRE(datagrams.size() == 1);
    check_reason(datagrams[0], "NO_SOCKET", "__udp4_lib_rcv");
    CHECK(datagrams[0].text("device") == "lo");
    CHECK(datagrams[0].number("length") == 20 + 8 + 10);
    const auto segments = drops_to(file, 7101);
    REQUIRE(segments.size() == 1);
    check_reason(segments[0], "NO_SOCKET", "tcp_v4_rcv");
}

TEST_CASE("what nftables drops is counted alike, and what leaves names its process") {
    constexpr int kPackets = 5;
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    uint64_t outgoing = 0;
    uint64_t incoming = 0;
    Capture capture(netns, events("drop", file));
    {
        const InNetns inside(netns);
        (void)output_of({"nft",
                         "add table out; add chain out c {type filter hook output priority 0;};"
                         "add rule out c udp dport 7102 counter drop;"
                         "add table in; add chain in c {type filter hook input priority 0;};"
                         "add rule in c udp dport 7103 counter drop"});
        const Fd sender = make_socket(kAny, SOCK_DGRAM);
        for (int i = 0; i < kPackets; i++) {
            CHECK(send_to(sender, make_address("127.0.0.1", 7102), 10) == EPERM);
            CHECK(send_to(sender, make_address("127.0.0.1", 7103), 10) == 0);
        }
        outgoing = nft_packets("out");
        incoming = nft_packets("in");
    }
    capture.stop();
    CHECK(outgoing == kPackets);
    const auto left = drops_to(file, 7102);
    CHECK(left.size() == outgoing);
    for (const SeenEvent& event : left) {
        // Before a verdict named its reason, the packet was freed by who called nftables.
        check_reason(event, "NETFILTER_DROP", "n");
        CHECK(event.pid == static_cast<uint32_t>(getpid()));
        CHECK(event.text("end") == "sender");
        CHECK(event.via == "socket");
    }
    const auto came = drops_to(file, 7103);
    CHECK(came.size() == incoming);
    for (const SeenEvent& event : came) {
        check_reason(event, "NETFILTER_DROP", "n");
    }
}

TEST_CASE(
    "a full receive buffer drops what UDP counts, and the receiver is named where the kernel "
    "tells its socket") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    uint64_t errors = 0;
    uint32_t receiver_pid = 0;
    Capture capture(netns, events("drop", file));
    {
        const InNetns inside(netns);
        Child receiver([] {
            const int fd = socket(AF_INET, SOCK_DGRAM, 0);
            const int bytes = 2304;
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
            sockaddr_in own{};
            own.sin_family = AF_INET;
            own.sin_port = htons(7104);
            own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof(own));
        });
        receiver_pid = static_cast<uint32_t>(receiver.pid());
        const Fd sender = make_socket(kAny, SOCK_DGRAM);
        for (int i = 0; i < 10; i++) {
            CHECK(send_to(sender, make_address("127.0.0.1", 7104), 900) == 0);
        }
        errors = net_counter("Udp", "RcvbufErrors");
        capture.stop();
    }
    CHECK(errors > 0);
    const auto drops = drops_to(file, 7104);
    CHECK(drops.size() == errors);
    for (const SeenEvent& event : drops) {
        if (has_reasons()) {
            CHECK(event.text("reason") == "SOCKET_RCVBUFF");
        }
        if (has_receiver()) {
            CHECK(event.pid == receiver_pid);
            CHECK(event.text("end") == "receiver");
        }
    }
}

TEST_CASE("drops of ordinary work are hidden unless all are asked for") {
    const bool all = GENERATE(false, true);
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    Capture capture(netns, events(all ? "drop=all" : "drop", file));
    {
        const InNetns inside(netns);
        // Unread data at the end of a socket, of TCP and UDP, and of AF_UNIX.
        const Address address = make_address("127.0.0.1", 7105);
        const Fd reader = make_socket(kAny, SOCK_DGRAM);
        REQUIRE(call_bind(reader, address) == 0);
        CHECK(send_to(make_socket(kAny, SOCK_DGRAM), address, 10) == 0);
        const Fd listener = make_socket(kAny, SOCK_STREAM);
        REQUIRE(call_bind(listener, address) == 0);
        REQUIRE(listen(listener.get(), 1) == 0);
        const Fd client = make_socket(kAny, SOCK_STREAM);
        REQUIRE(call_connect(client, address) == 0);
        const Fd server(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        REQUIRE(write(client.get(), "x", 1) == 1);
        int pair[2];
        REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
        REQUIRE(write(pair[0], "x", 1) == 1);
        close(pair[0]);
        close(pair[1]);
    }
    wait_for_rcu();
    capture.stop();
    CHECK(drops_to(file, 7105).empty() == !all);
    size_t unplaced = 0;
    for (const SeenEvent& event : events_of(file, "drop:packet")) {
        unplaced += event.text("protocol") == "0" ? 1 : 0;
    }
    CHECK((unplaced == 0) == !all);
}

TEST_CASE(
    "without events none of their programs is loaded, and of the events those that are asked "
    "for") {
    const Netns netns;
    const TemporaryFolder folder;
    const auto programs_with = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"-i", "lo", "-w", folder.file("packets")});
        Capture capture(netns, arguments);
        std::set<std::string> names = loaded_programs(capture.pid());
        capture.stop();
        return names;
    };
    const auto added_by = [&, plain = programs_with({})](const std::string& choice) {
        std::vector<std::string> added;
        const auto with = programs_with({"--event", choice});
        std::set_difference(with.begin(), with.end(), plain.begin(), plain.end(),
                            std::back_inserter(added));
        CHECK(std::includes(with.begin(), with.end(), plain.begin(), plain.end()));
        for (const std::string& name : plain) {
            CHECK_FALSE(name.starts_with("socket_call"));
            CHECK_FALSE(name.starts_with("packet_dropped"));
            CHECK_FALSE(name.starts_with("xdp_exception"));
        }
        return added;
    };
    using Names = std::vector<std::string>;
    CHECK(added_by("process") == Names{});
    CHECK(added_by("drop") == Names{"packet_dropped"});
    // The kernel cuts names after 15 characters.
    CHECK(added_by("socket") == Names{"socket_call_beg", "socket_call_end", "socket_state"});
    CHECK(added_by("xdp") == Names{"xdp_exception", "xdp_not_sent", "xdp_redirect_fa"});
}
