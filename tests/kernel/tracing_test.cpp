// SPDX-License-Identifier: GPL-2.0-only
//
// The ways to see who uses a socket (--tracing). The attribution bench shows for many kinds of
// traffic that one names the right process; here: each that this kernel allows can be chosen.
#include <bpf/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "capture/kernel/tracefs.h"
#include "tests/kernel/traffic.h"
#include "tests/kernel/world.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/skip.h"
#include "tests/support/wait.h"

namespace test {
namespace {

constexpr const char* kWays[] = {"fentry", "kprobe", "syscalls"};

// By `pidcap doctor`; the last always works where a capture does.
std::set<std::string> allowed_ways() {
    const auto report = nlohmann::json::parse(output_of({PIDCAP_PROGRAM, "doctor", "--json"}));
    std::set<std::string> ways = {"syscalls"};
    for (const auto& feature : report.at("features")) {
        if (feature.at("group") == "tracing" && feature.at("state") == "yes") {
            ways.insert(feature.at("id").get<std::string>());
        }
    }
    return ways;
}

std::string comment_of(const std::string& way) {
    return std::string("tier=") + (way == "syscalls" ? "locked" : "tracing") + " tracing=" + way;
}

// How often all programs of this machine have run while the kernel counted it.
uint64_t runs_of_programs() {
    uint64_t runs = 0;
    for (uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
        const pcapng::Fd program(bpf_prog_get_fd_by_id(id));
        bpf_prog_info info{};
        uint32_t size = sizeof(info);
        if (program.valid() && bpf_obj_get_info_by_fd(program.get(), &info, &size) == 0) {
            runs += info.run_cnt;
        }
    }
    return runs;
}

// Whether a process may attach a program that it has loaded, at a tracepoint, without capabilities.
bool attaches_without_capabilities() {
    utsname kernel{};
    REQUIRE(uname(&kernel) == 0);
    int major = 0;
    int minor = 0;
    REQUIRE(std::sscanf(kernel.release, "%d.%d", &major, &minor) == 2);
    return std::pair(major, minor) >= std::pair(5, 19);
}

// Whether this process holds a program at the tracepoint of all system calls' ends, as the kernel
// tells of its descriptors.
bool sees_call_ends(pid_t pid) {
    const std::filesystem::path folder = "/proc/" + std::to_string(pid) + "/fdinfo";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (contains(content_of(entry.path()), "tp_name:\tsys_exit\n")) {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("tracing: each way sees a socket change hands before the first packet leaves") {
    for (const std::string& way : allowed_ways()) {
        INFO(way);
        World world;
        const Path path = world.paths().front();
        const TemporaryFolder folder;
        const std::string file = folder.file("x.pcapng");
        Capture capture(path.client, {"-i", "lo", "-w", file, "--tracing", way});
        Actor maker(path.client, "maker");
        Actor server(path.server, "server");
        const int bound = bound_socket(server, path.server_at(0), SOCK_DGRAM);
        const int sender =
            connected_socket(maker, path.server_at(local_port(server, bound)), SOCK_DGRAM);
        Actor child = maker.fork_child("child");
        say(child, sender, "the child's");
        hear(server, bound);
        say(maker, sender, "the maker's");
        hear(server, bound);
        const std::vector<Who> expected = {child.who(), maker.who()};
        const Who receiver = server.who();
        capture.stop();

        const std::vector<Packet> packets = read_packets(file);
        REQUIRE(packets.size() == expected.size());
        for (size_t i = 0; i < packets.size(); i++) {
            INFO(describe(packets[i]));
            REQUIRE(packets[i].self());
            REQUIRE(packets[i].peer());
            CHECK(difference(*packets[i].self(), expected[i]) == "");
            CHECK(difference(*packets[i].peer(), receiver) == "");
        }
        CHECK(contains(output_of({"capinfos", "-k", file}), comment_of(way)));
    }
}

TEST_CASE("tracing: by itself pidcap takes the first way that the kernel allows") {
    const std::set<std::string> allowed = allowed_ways();
    std::string best;
    for (const std::string way : kWays) {
        best = best.empty() && allowed.contains(way) ? way : best;
    }
    const TemporaryFolder folder;
    const std::string file = folder.file("x.pcapng");
    const Netns netns;
    netns.ip("link set lo up");
    Capture(netns, {"-i", "lo", "-w", file}).stop();
    CHECK(contains(output_of({"capinfos", "-k", file}), comment_of(best)));
}

TEST_CASE("tracing: by fentry, the system calls of a process without sockets run no programs",
          "[alone]") {
    constexpr uint64_t kCalls = 100'000;
    if (!allowed_ways().contains("fentry")) {
        skip("this kernel has no fentry");
    }
    const TemporaryFolder folder;
    const Netns netns;
    netns.ip("link set lo up");
    Capture capture(netns, {"-i", "lo", "-w", folder.file("x.pcapng"), "--tracing", "fentry"});
    const pcapng::Fd statistics(bpf_enable_stats(BPF_STATS_RUN_TIME));
    REQUIRE(statistics.valid());
    const uint64_t before = runs_of_programs();
    // A read and a write for each byte.
    REQUIRE(run({"dd", "if=/dev/zero", "of=/dev/null", "bs=1",
                 "count=" + std::to_string(kCalls / 2), "status=none"})
                .status == 0);
    const uint64_t runs = runs_of_programs() - before;
    capture.stop();
    CHECK(runs > 0);  // at its begin and end
    CHECK(runs < kCalls / 100);
}

TEST_CASE(
    "tracing: the ends of all system calls are seen once two processes send on a datagram socket",
    "[alone]") {
    if (!attaches_without_capabilities()) {
        skip("this kernel attaches programs at tracepoints with capabilities only");
    }
    World world;
    const Path path = world.paths().front();
    const TemporaryFolder folder;
    const std::string file = folder.file("x.pcapng");
    Capture capture(path.client, {"-i", "lo", "-U", "-w", file, "--tracing", "syscalls"});
    Actor maker(path.client, "maker");
    Actor server(path.server, "server");
    const int bound = bound_socket(server, path.server_at(0), SOCK_DGRAM);
    const Address at_bound = path.server_at(local_port(server, bound));
    const auto share = [&](int sender, int receiver) {
        Actor child = maker.fork_child("child");
        for (Actor* actor : {&child, &maker}) {
            say(*actor, sender, "shared");
            hear(server, receiver);
        }
    };
    const int listening = listener(server, path.server_at(0));
    const int connected =
        connected_socket(maker, path.server_at(local_port(server, listening)), SOCK_STREAM);
    share(connected, accept_from(server, listening));
    const int sender = connected_socket(maker, at_bound, SOCK_DGRAM);
    Actor reader = server.fork_child("reader");
    for (Actor* actor : {&server, &reader, &server}) {
        const auto before = std::filesystem::file_size(file);
        uint32_t thread = 0;
        maker.call_in_thread(
            thread, [](int fd) { return write(fd, "by a thread", 11); }, sender);
        hear(*actor, bound);
        say(maker, sender, "heard");
        hear(*actor, bound);
        // pidcap asks for what it has to attach before it reads again.
        wait_until("the datagram is in the file",
                   [&] { return std::filesystem::file_size(file) > before; });
    }
    CHECK_FALSE(sees_call_ends(capture.pid()));

    // They may begin to be seen in the middle of either's call.
    share(sender, bound);
    wait_until("the ends of system calls are seen", [&] { return sees_call_ends(capture.pid()); });
    capture.stop();

    int said = 0;
    for (const Packet& packet : read_packets(file)) {
        INFO(describe(packet));
        REQUIRE(packet.self());
        if (contains(packet.payload, "shared")) {
            said++;
            CHECK(contains(packet.payload, "pid=" + std::to_string(packet.self()->pid) + " "));
        }
    }
    CHECK(said == 4);
}

TEST_CASE("tracing: perf still counts the ends of the calls that have a program of pidcap's") {
    const auto tracefs = capture::Tracefs::open();
    const auto number = tracefs ? tracefs->id({"syscalls", "sys_exit_unshare"}) : tracefs.error();
    if (!number) {
        skip("this machine has no tracepoints of single system calls");
    }
    perf_event_attr event{};
    event.type = PERF_TYPE_TRACEPOINT;
    event.size = sizeof(event);
    event.config = *number;
    const pcapng::Fd counter(
        static_cast<int>(syscall(SYS_perf_event_open, &event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)));
    REQUIRE(counter.valid());
    const Netns netns;
    netns.ip("link set lo up");
    Capture capture(netns, {"-i", "lo", "-w", "/dev/null", "--tracing", "syscalls"});
    uint64_t before = 0;
    REQUIRE(read(counter.get(), &before, sizeof(before)) == sizeof(before));
    for (int i = 0; i < 3; i++) {
        REQUIRE(unshare(0) == 0);
    }
    uint64_t after = 0;
    REQUIRE(read(counter.get(), &after, sizeof(after)) == sizeof(after));
    capture.stop();
    CHECK(after - before == 3);
}

TEST_CASE("tracing: a way that the kernel doesn't allow is refused by name") {
    const std::set<std::string> allowed = allowed_ways();
    for (const std::string way : kWays) {
        if (!allowed.contains(way)) {
            const CommandResult refused = run_pidcap({"--tracing", way, "-c", "1"});
            CHECK(refused.status == 1);
            CHECK(contains(refused.err, "--tracing " + way));
        }
    }
    CHECK(run_pidcap({"--tracing", "magic"}).status == 2);
}

}  // namespace test
