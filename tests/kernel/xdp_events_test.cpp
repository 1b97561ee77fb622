// SPDX-License-Identifier: GPL-2.0-only
//
// Events of XDP. The oracle is how often the kernel counts that the program ran, and what was sent.
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "capture/kernel/features.h"
#include "pcapng/fd.h"
#include "tests/kernel/seen_events.h"
#include "tests/kernel/socket_calls.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/skip.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;
using pcapng::Fd;

constexpr int kPackets = 3;

// Type information of a program: its only function, `int NAME(struct CONTEXT *)`.
class ProgramTypes {
  public:
    ProgramTypes(const char* function, const char* context) : types_(btf__new_empty()) {
        const int number = btf__add_int(types_.get(), "int", 4, BTF_INT_SIGNED);
        const int pointer = btf__add_ptr(types_.get(), btf__add_struct(types_.get(), context, 4));
        const int prototype = btf__add_func_proto(types_.get(), number);
        REQUIRE(btf__add_func_param(types_.get(), "ctx", pointer) == 0);
        const int id = btf__add_func(types_.get(), function, BTF_FUNC_GLOBAL, prototype);
        REQUIRE(id > 0);
        REQUIRE(btf__load_into_kernel(types_.get()) == 0);
        function_.type_id = static_cast<uint32_t>(id);
    }
    // Valid while this lives.
    void add_to(bpf_prog_load_opts& options) const {
        options.prog_btf_fd = static_cast<uint32_t>(btf__fd(types_.get()));
        options.func_info = &function_;
        options.func_info_cnt = 1;
        options.func_info_rec_size = sizeof(function_);
    }

  private:
    struct Free {
        void operator()(btf* types) const { btf__free(types); }
    };
    std::unique_ptr<btf, Free> types_;
    bpf_func_info function_{};
};

// A program of XDP, and how often it ran: counted by the kernel while this lives.
class XdpProgram {
  public:
    XdpProgram(const char* name, const std::vector<bpf_insn>& code,
               const ProgramTypes* types = nullptr)
        : counts_(bpf_enable_stats(BPF_STATS_RUN_TIME)) {
        LIBBPF_OPTS(bpf_prog_load_opts, options);
        if (types != nullptr) {
            types->add_to(options);
        }
        fd_ = Fd(bpf_prog_load(BPF_PROG_TYPE_XDP, name, "GPL", code.data(), code.size(), &options));
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
    int fd() const { return fd_.get(); }
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

// Goes on in the first program of the array with this descriptor.
std::vector<bpf_insn> call_tail(int programs) {
    return {{BPF_LD | BPF_IMM | BPF_DW, BPF_REG_2, BPF_PSEUDO_MAP_FD, 0, programs},
            {0, 0, 0, 0, 0},
            {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 0},
            {BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call},
            {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, XDP_TX},
            {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
}

// XDP_DROP for frames of more than this many bytes, XDP_PASS for others.
std::vector<bpf_insn> drop_longer(int32_t bytes) {
    return {{BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, offsetof(xdp_md, data_end), 0},
            {BPF_LDX | BPF_MEM | BPF_W, BPF_REG_3, BPF_REG_1, offsetof(xdp_md, data), 0},
            {BPF_ALU64 | BPF_SUB | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0},
            {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, XDP_DROP},
            {BPF_JMP | BPF_JGT | BPF_K, BPF_REG_2, 0, 1, bytes},
            {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, XDP_PASS},
            {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
}

// From b to a, datagrams of so many bytes each, and waits until the program has seen them.
void send_packets(const Cable& cable, const XdpProgram& program,
                  const std::vector<size_t>& sizes = std::vector<size_t>(kPackets, 10)) {
    const InNetns there(cable.b);
    const Address to = make_address(kAddressA, 7106);
    const uint64_t before = program.info().run_cnt;
    for (const size_t size : sizes) {
        CHECK(send_to(make_socket(to, SOCK_DGRAM), to, size) == 0);
    }
    for (int i = 0; i < 600 && program.info().run_cnt < before + sizes.size(); i++) {
        usleep(100'000);
    }
}

// Whether this kernel lets programs trace others (and has bpf_get_func_ret()).
bool traces_programs() {
    capture::Features kernel;
    return kernel.fentry() == 0 && kernel.types().enumerator("BPF_FUNC_get_func_ret");
}

// The lines of a capture that name the program as one whose verdicts aren't all recorded.
std::string untraced(const std::string& said, const XdpProgram& program) {
    const std::string id = "(id " + std::to_string(program.info().id) + ")";
    std::string lines;
    size_t from = 0;
    for (size_t end = 0; (end = said.find('\n', from)) != std::string::npos; from = end + 1) {
        const std::string line = said.substr(from, end - from);
        if (contains(line, "--event xdp=all: of these XDP programs only") && contains(line, id)) {
            lines += line + '\n';
        }
    }
    return lines;
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

TEST_CASE("xdp=all has each verdict of a program that was there before, or a line says why not") {
    // Longer than the 15 characters that the kernel keeps; and the kernel doesn't believe the
    // second type, so that it knows less about the arguments.
    for (const char* context : {"xdp_md", "something"}) {
        CAPTURE(context);
        const Cable cable;
        const TemporaryFolder folder;
        const std::string file = folder.file("events");
        const ProgramTypes types("drops_what_is_long", context);
        const XdpProgram program("drops_what_is_l", drop_longer(200), &types);
        const InNetns inside(cable.a);
        const Fd link = program.attach("va");
        Capture capture(cable.a, events("xdp=all", file));
        send_packets(cable, program, {10, 500, 10, 10, 500});
        capture.stop();

        CHECK(program.info().run_cnt == 5);
        const auto verdicts = verdicts_of(file, program);
        const std::string line = untraced(capture.err(), program);
        if (!traces_programs()) {
            CHECK(verdicts.empty());
            CHECK(contains(line, "drops_what_is_l (id "));
            CHECK(contains(line, "pidcap doctor"));
            continue;
        }
        CHECK(line.empty());
        REQUIRE(verdicts.size() == program.info().run_cnt);
        std::vector<std::string> actions;
        for (const SeenEvent& event : verdicts) {
            actions.push_back(event.text("action"));
            CHECK(event.text("program_name") == "drops_what_is_l");
            CHECK(event.text("device") == "va");
            CHECK(event.number("netns") != 0);
            CHECK(event.number("packets") == 1);
            // Ethernet, IPv4 and UDP: 42 bytes.
            CHECK(event.number("length") == (event.text("action") == "DROP" ? 542 : 52));
            CHECK(event.pid == 0);
            CHECK(event.text("data").starts_with("02000000000a02000000000b0800"));
        }
        CHECK(actions == std::vector<std::string>{"PASS", "DROP", "PASS", "PASS", "DROP"});
    }
}

TEST_CASE("xdp=all has each packet of a program that aborts once") {
    const Cable cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    const ProgramTypes types("aborts", "xdp_md");
    const XdpProgram program("aborts", answer(XDP_ABORTED), &types);
    const InNetns inside(cable.a);
    const Fd link = program.attach("va");
    Capture capture(cable.a, events("xdp=all", file));
    send_packets(cable, program);
    capture.stop();
    const auto verdicts = verdicts_of(file, program);
    CHECK(program.info().run_cnt == kPackets);
    CHECK(verdicts.size() == program.info().run_cnt);
    for (const SeenEvent& event : verdicts) {
        CHECK(event.text("action") == "ABORTED");
    }
}

TEST_CASE("xdp=all names a program that has no type information, and records that it aborts") {
    const Cable cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    const XdpProgram program("untyped", answer(XDP_ABORTED));
    const InNetns inside(cable.a);
    const Fd link = program.attach("va");
    Capture capture(cable.a, events("xdp=all", file));
    send_packets(cable, program);
    capture.stop();
    const std::string line = untraced(capture.err(), program);
    CHECK(contains(line, "untyped (id "));
    CHECK(contains(line, "no type information"));
    CHECK(verdicts_of(file, program).size() == program.info().run_cnt);
}

TEST_CASE("xdp=all leaves out the capture's own programs") {
    const Cable cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    Capture capture(cable.a,
                    {"--hook", "xdp", "-i", "va", "--event", "xdp=all", "-w", file, "udp"});
    {
        const InNetns there(cable.b);
        const Address to = make_address(kAddressA, 7106);
        CHECK(send_to(make_socket(to, SOCK_DGRAM), to, 10) == 0);
    }
    capture.stop();
    CHECK(packets_of(file).size() == 1);
    CHECK(events_of(file, "xdp:verdict").empty());
    CHECK_FALSE(contains(capture.err(), "filter (id"));
    CHECK_FALSE(contains(capture.err(), "xdp_in"));
}

TEST_CASE("xdp=all has a verdict by a tail call once, as that of the program which was attached") {
    if (!traces_programs()) {
        skip("this kernel doesn't let programs trace others");
    }
    const Cable cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    const ProgramTypes types("drops", "xdp_md");
    const XdpProgram second("second", drop_longer(0), &types);
    const Fd tails(bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "tails", 4, 4, 1, nullptr));
    const int key = 0;
    const int value = second.fd();
    REQUIRE(bpf_map_update_elem(tails.get(), &key, &value, BPF_ANY) == 0);
    const XdpProgram first("first", call_tail(tails.get()), &types);
    const InNetns inside(cable.a);
    const Fd link = first.attach("va");
    Capture capture(cable.a, events("xdp=all", file));
    send_packets(cable, first);
    capture.stop();
    const auto verdicts = verdicts_of(file, first);
    CHECK(verdicts.size() == first.info().run_cnt);
    for (const SeenEvent& event : verdicts) {
        CHECK(event.text("action") == "DROP");
    }
    CHECK(verdicts_of(file, second).empty());
}

TEST_CASE("xdp=all has a redirect that fails as a verdict and as a failure") {
    if (!traces_programs()) {
        skip("this kernel doesn't let programs trace others");
    }
    const Cable cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    const ProgramTypes types("nowhere", "xdp_md");
    const XdpProgram program("nowhere", redirect(1'000'000), &types);
    const InNetns inside(cable.a);
    const Fd link = program.attach("va");
    Capture capture(cable.a, events("xdp=all", file));
    send_packets(cable, program);
    capture.stop();
    std::map<std::string, uint64_t> errors;
    for (const SeenEvent& event : verdicts_of(file, program)) {
        CHECK(event.text("action") == "REDIRECT");
        CHECK((event.number("length") != 0) == (event.text("errno") == "0"));
        errors[event.text("errno")]++;
    }
    const uint64_t packets = program.info().run_cnt;
    CHECK(errors == std::map<std::string, uint64_t>{{"0", packets}, {"EINVAL", packets}});
}
