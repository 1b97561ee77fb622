// SPDX-License-Identifier: GPL-2.0-only
//
// Events of XDP. The oracle is how often the kernel counts that the program ran.
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>
#include <vector>

#include "pcapng/fd.h"
#include "tests/kernel/seen_events.h"
#include "tests/kernel/socket_calls.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;
using pcapng::Fd;

constexpr int kPackets = 3;

// A program of XDP, and how often it ran: counted by the kernel while this lives.
class XdpProgram {
  public:
    XdpProgram(const char* name, const std::vector<bpf_insn>& code)
        : counts_(bpf_enable_stats(BPF_STATS_RUN_TIME)),
          fd_(bpf_prog_load(BPF_PROG_TYPE_XDP, name, "GPL", code.data(), code.size(), nullptr)) {
        REQUIRE(counts_.valid());
        REQUIRE(fd_.valid());
    }
    // Native where the device can do it, as veth. Until the descriptor is closed.
    Fd attach(const char* device) const {
        Fd link(
            bpf_link_create(fd_.get(), static_cast<int>(if_nametoindex(device)), BPF_XDP, nullptr));
        REQUIRE(link.valid());
        return link;
    }
    bpf_prog_info info() const {
        bpf_prog_info info{};
        uint32_t size = sizeof(info);
        REQUIRE(bpf_obj_get_info_by_fd(fd_.get(), &info, &size) == 0);
        return info;
    }

  private:
    Fd counts_;
    Fd fd_;
};

std::vector<bpf_insn> answer(int verdict) {
    return {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict},
            {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
}

// bpf_redirect() to the device with this number.
std::vector<bpf_insn> redirect(uint32_t ifindex) {
    return {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, static_cast<int32_t>(ifindex)},
            {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 0},
            {BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_redirect},
            {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
}

// From b to a, and waits until the program has seen them.
void send_packets(const Cable& cable, const XdpProgram& program) {
    const InNetns there(cable.b);
    const Address to = make_address(kAddressA, 7106);
    for (int i = 0; i < kPackets; i++) {
        CHECK(send_to(make_socket(to, SOCK_DGRAM), to, 10) == 0);
    }
    for (int i = 0; i < 600 && program.info().run_cnt < kPackets; i++) {
        usleep(100'000);
    }
}

std::vector<SeenEvent> verdicts_of(const std::string& file, const XdpProgram& program) {
    auto verdicts = events_of(file, "xdp:verdict");
    const uint32_t id = program.info().id;
    std::erase_if(verdicts, [id](const SeenEvent& event) { return event.number("program") != id; });
    return verdicts;
}

}  // namespace

TEST_CASE(
    "an XDP program that aborts is an event for each packet, with the program and the device") {
    const Cable cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    const XdpProgram program("aborts", answer(XDP_ABORTED));
    Capture capture(cable.a, events("xdp", file));
    {
        const InNetns inside(cable.a);
        const Fd link = program.attach("va");
        send_packets(cable, program);
    }
    capture.stop();
    const auto verdicts = verdicts_of(file, program);
    CHECK(program.info().run_cnt == kPackets);
    CHECK(verdicts.size() == program.info().run_cnt);
    for (const SeenEvent& event : verdicts) {
        CHECK(event.text("action") == "ABORTED");
        CHECK(event.text("device") == "va");
        CHECK(event.text("program_name") == "aborts");
        CHECK(event.pid == 0);
    }
}

TEST_CASE(
    "an XDP redirect that fails is an event with the error and, if there is one, the device") {
    const Cable cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    cable.a.ip("link add v2 type veth peer name v3");
    cable.a.ip("link set v2 up");
    const InNetns inside(cable.a);
    // By it v2 becomes a device to redirect to, which takes no packet as long as v3 is down.
    const XdpProgram passes("passes", answer(XDP_PASS));
    const Fd passing = passes.attach("v3");
    const XdpProgram nowhere("nowhere", redirect(1'000'000));
    const XdpProgram to_loopback("to_loopback", redirect(if_nametoindex("lo")));
    const XdpProgram to_veth("to_veth", redirect(if_nametoindex("v2")));
    Capture capture(cable.a, events("xdp", file));
    for (const XdpProgram* program : {&nowhere, &to_loopback, &to_veth}) {
        const Fd link = program->attach("va");
        send_packets(cable, *program);
    }
    capture.stop();

    for (const auto& [program, error] :
         {std::pair(&nowhere, "EINVAL"), std::pair(&to_loopback, "EOPNOTSUPP")}) {
        CAPTURE(error);
        const auto failed = verdicts_of(file, *program);
        CHECK(program->info().run_cnt == kPackets);
        CHECK(failed.size() == program->info().run_cnt);
        for (const SeenEvent& event : failed) {
            CHECK(event.text("action") == "REDIRECT");
            CHECK(event.text("errno") == error);
            CHECK(event.text("device") == "va");
        }
    }
    // The kernel sends several packets at once, and doesn't tell whose program it was.
    uint64_t packets = 0;
    for (const SeenEvent& event : events_of(file, "xdp:verdict")) {
        if (event.text("to_device") == "v2") {
            packets += event.number("packets");
            CHECK(event.text("errno") == "ENXIO");
            CHECK(event.text("device") == "va");
        }
    }
    CHECK(packets == to_veth.info().run_cnt);
}
