// SPDX-License-Identifier: GPL-2.0-only
//
// Our hooks come and go, and nobody else notices: tcx by the program itself, clsact by the library
// (the program takes it only where the kernel has no tcx).
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstdarg>
#include <memory>
#include <string>

#include "capture/session.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/tc_program.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;

constexpr uint16_t kPort = 9;
constexpr int kNext = -1;  // TCX_NEXT

class CountingSink : public packet::Sink {
  public:
    pcapng::Result<void> interface(const packet::Interface&) override { return {}; }
    pcapng::Result<void> packet(const packet::Packet& packet) override {
        (packet.direction == packet::Direction::kInbound ? in : out)++;
        return {};
    }
    pcapng::Result<void> idle() override { return {}; }
    pcapng::Result<void> finish(const std::vector<packet::InterfaceCounters>&) override {
        return {};
    }
    int in = 0;
    int out = 0;
};

// What libbpf says while this lives. Its messages would be on the user's terminal.
class LibbpfWords {
  public:
    LibbpfWords() : previous_(libbpf_set_print(&LibbpfWords::hear)) { words().clear(); }
    ~LibbpfWords() { libbpf_set_print(previous_); }
    static std::string& words() {
        static std::string text;
        return text;
    }

  private:
    static int hear(libbpf_print_level level, const char* format, va_list) {
        if (level != LIBBPF_DEBUG) {
            words() += format;
        }
        return 0;
    }
    libbpf_print_fn_t previous_;
};

// A session of the library on va by clsact, in this process.
class ClsactSession {
  public:
    explicit ClsactSession(const Netns& netns) : inside_(netns) {
        capture::SessionOptions options;
        options.interfaces.names = {"va"};
        options.interfaces.mode = capture::HookMode::kClsact;
        auto session = capture::Session::open(options);
        if (!session) {
            throw std::runtime_error(session.error().message);
        }
        session_ = *std::move(session);
        if (auto started = session_->start(sink_); !started) {
            throw std::runtime_error(started.error().message);
        }
        REQUIRE(session_->report().hook == "clsact");
    }
    CountingSink& finish() {
        REQUIRE(session_->finish().ok());
        return sink_;
    }

  private:
    InNetns inside_;
    CountingSink sink_;
    std::unique_ptr<capture::Session> session_;
};

// Datagrams from a to b and back; the receivers tell what came through.
struct Talk {
    pcapng::Fd a;
    pcapng::Fd b;
    explicit Talk(const Cable& cable)
        : a(udp_socket(cable.a, kAddressA, kPort)), b(udp_socket(cable.b, kAddressB, kPort)) {
        connect_to(a, kAddressB, kPort);
        connect_to(b, kAddressA, kPort);
    }
    void send(uint32_t count) {
        REQUIRE(send_numbered(a, 0, count, 100) == count);
        REQUIRE(send_numbered(b, 0, count, 100) == count);
    }
    static uint32_t received(const pcapng::Fd& socket, uint32_t expected) {
        uint32_t count = 0;
        pollfd ready = {socket.get(), POLLIN, 0};
        while (poll(&ready, 1, count < expected ? 1000 : 50) > 0) {
            char byte = 0;
            recv(socket.get(), &byte, 1, 0);
            count++;
        }
        return count;
    }
};

int tcx_on(const Netns& netns, const std::string& interface) {
    const InNetns inside(netns);
    return count_tcx(interface);
}

std::string qdiscs(const Netns& netns) {
    return run_in(netns, "tc qdisc show dev va");
}

std::string filters(const Netns& netns) {
    return run_in(netns, "tc filter show dev va ingress") +
           run_in(netns, "tc filter show dev va egress");
}

}  // namespace

TEST_CASE("after any end no tcx program of ours is left") {
    const Cable cable;
    REQUIRE(tcx_on(cable.a, "va") == 0);
    for (int number : {SIGINT, SIGTERM, SIGKILL}) {
        INFO("signal " << number);
        Capture capture(cable.a, {"-i", "any", "-w", "/dev/null"});
        CHECK(tcx_on(cable.a, "va") == 2);
        CHECK(tcx_on(cable.a, "lo") == 1);
        capture.signal(number);
        CHECK(capture.wait() == (number == SIGKILL ? 128 + SIGKILL : 0));
        CHECK(tcx_on(cable.a, "va") == 0);
        CHECK(tcx_on(cable.a, "lo") == 0);
        CHECK_FALSE(contains(qdiscs(cable.a), "clsact"));
        CHECK_FALSE(contains(run_in(cable.a, "bpftool net list"), "va("));
    }
}

TEST_CASE("clsact captures both directions, and its qdisc goes with the session") {
    const Cable cable;
    Talk talk(cable);
    {
        ClsactSession session(cable.a);
        CHECK(contains(qdiscs(cable.a), "clsact"));
        CHECK(contains(filters(cable.a), "ethernet_in"));
        CHECK(contains(filters(cable.a), "ethernet_out"));
        talk.send(10);
        const CountingSink& sink = session.finish();
        CHECK(sink.out == 10);
        CHECK(sink.in == 10);
        CHECK_FALSE(contains(qdiscs(cable.a), "clsact"));
    }
    CHECK_FALSE(contains(qdiscs(cable.a), "clsact"));
    CHECK(talk.received(talk.b, 10) == 10);
    CHECK(talk.received(talk.a, 10) == 10);
}

TEST_CASE("a clsact qdisc of others keeps its filters and their verdicts") {
    const Cable cable;
    Talk talk(cable);
    run_in(cable.a, "tc qdisc add dev va clsact");
    const pcapng::Fd drop = load_tc_program(TC_ACT_SHOT);
    {
        const InNetns inside(cable.a);
        attach_filter(drop, "va", Hook::kEgress, 100);
        attach_filter(drop, "va", Hook::kIngress, 60000);
    }
    const std::string before = filters(cable.a);
    const LibbpfWords libbpf;
    {
        ClsactSession session(cable.a);
        CHECK(filters(cable.a) != before);
        talk.send(10);
        const CountingSink& sink = session.finish();
        CHECK(sink.out == 10);  // dropped behind us, whatever was there first
        CHECK(sink.in == 10);
    }
    CHECK(contains(qdiscs(cable.a), "clsact"));
    CHECK(filters(cable.a) == before);
    CHECK(LibbpfWords::words().empty());
    talk.send(5);
    CHECK(talk.received(talk.a, 0) == 0);
    CHECK(talk.received(talk.b, 0) == 0);
}

TEST_CASE("our clsact qdisc stays when somebody else has put a filter on it") {
    const Cable cable;
    Talk talk(cable);
    const pcapng::Fd drop = load_tc_program(TC_ACT_SHOT);
    {
        ClsactSession session(cable.a);
        {
            const InNetns inside(cable.a);
            attach_filter(drop, "va", Hook::kEgress, 60000);
        }
        talk.send(10);
        const CountingSink& sink = session.finish();
        CHECK(sink.out == 10);
        CHECK(sink.in == 10);
    }
    CHECK(contains(qdiscs(cable.a), "clsact"));
    CHECK(contains(filters(cable.a), "theirs"));
    CHECK_FALSE(contains(filters(cable.a), "ethernet_"));
    CHECK(talk.received(talk.b, 0) == 0);
    CHECK(talk.received(talk.a, 10) == 10);
}

TEST_CASE("two captures on one interface both see everything") {
    const Cable cable;
    const TemporaryFolder folder;
    Talk talk(cable);
    Capture first(cable.a, {"-i", "va", "-w", folder.file("1")});
    Capture second(cable.a, {"-i", "va", "-w", folder.file("2")});
    CHECK(tcx_on(cable.a, "va") == 4);
    talk.send(100);
    first.stop();
    talk.send(50);
    second.stop();
    CHECK(packets_of(folder.file("1")).size() == 200);
    CHECK(packets_of(folder.file("2")).size() == 300);
}

TEST_CASE("a tcx program's verdict stands, and none hides a packet from us") {
    const Cable cable;
    const TemporaryFolder folder;
    Talk talk(cable);
    const pcapng::Fd drop = load_tc_program(TC_ACT_SHOT);
    const pcapng::Fd pass = load_tc_program(TC_ACT_OK);
    const auto attach = [&](const pcapng::Fd& program, Hook hook) {
        const InNetns inside(cable.a);
        return attach_tcx(program, "va", hook);
    };
    const pcapng::Fd earlier = attach(drop, Hook::kIngress);
    // A final word, too: what stands behind it is not asked.
    const pcapng::Fd final_word = attach(pass, Hook::kEgress);
    Capture capture(cable.a, {"-i", "va", "-w", folder.file("1")});
    talk.send(20);
    CHECK(talk.received(talk.a, 0) == 0);
    CHECK(talk.received(talk.b, 20) == 20);
    capture.stop();
    CHECK(packets_of(folder.file("1")).size() == 40);
    CHECK(tcx_on(cable.a, "va") == 2);
    talk.send(20);
    CHECK(talk.received(talk.a, 0) == 0);
    CHECK(talk.received(talk.b, 20) == 20);
}

TEST_CASE("a tag that another program pushed on the way out is in the captured bytes") {
    const Cable cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("tag.pcapng");
    Talk talk(cable);
    const pcapng::Fd push = load_tc_program(kNext, 42);
    Capture capture(cable.a, {"-i", "va", "-Q", "out", "-w", file});
    pcapng::Fd link;
    {
        const InNetns inside(cable.a);
        link = attach_tcx(push, "va", Hook::kEgress, true);
    }
    talk.send(3);
    capture.stop();
    const auto rows = fields_of(file, {"vlan.id", "udp.length", "frame.len"});
    REQUIRE(rows.size() == 3);
    for (const auto& row : rows) {
        CHECK(row == std::vector<std::string>{"42", "108", "146"});
    }
}
