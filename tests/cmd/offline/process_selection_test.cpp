// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/process_selection.h"

#include <catch2/catch.hpp>
#include <deque>
#include <string>

using forensics::Packet;
using forensics::Process;

namespace {

cmd::ProcessSelection selection(cmd::ProcessOptionValues values) {
    values.of_file = true;
    const auto whose = cmd::read_process_options(values);
    REQUIRE(whose);
    return cmd::ProcessSelection(*whose);
}

std::string refusal(cmd::ProcessOptionValues values) {
    values.of_file = true;
    const auto whose = cmd::read_process_options(values);
    REQUIRE_FALSE(whose);
    return whose.error().message;
}

// shell[10] began curl[20]; bash[30], which has no packets, began nc[40].
struct Family {
    std::deque<Process> processes;

    Family() {
        Process& shell = add(10, "shell");
        shell.start_ns = 1'000'000'000;
        shell.uid = 0;
        shell.user = "root";
        Process& curl = add(20, "curl");
        curl.start_ns = 2'000'000'000;
        curl.ppid = 10;
        curl.uid = 1000;
        curl.user = "alice";
        Process& nc = add(40, "nc");
        nc.ppid = 30;
        nc.parent_comm = "bash";
    }

    Process& add(uint32_t pid, const char* comm) {
        Process process;
        process.number = static_cast<uint32_t>(processes.size());
        process.pid = pid;
        process.comm = comm;
        return processes.emplace_back(process);
    }
};

Packet of(const Process& process) {
    Packet packet;
    packet.self.process = &process;
    packet.self.via = "socket";
    return packet;
}

// The comms of those whose packets are wanted.
std::string wanted(const Family& family, const cmd::ProcessOptionValues& values) {
    cmd::ProcessSelection wants = selection(values);
    wants.begin(family.processes);
    std::string names;
    for (const Process& process : family.processes) {
        names += wants.wants(of(process)) ? process.comm + " " : "";
    }
    return names;
}

}  // namespace

TEST_CASE("without a condition every packet is wanted") {
    CHECK(wanted(Family(), {}) == "shell curl nc ");
}

TEST_CASE("a pid means each process that has it in the file") {
    Family family;
    family.add(20, "later");
    CHECK(wanted(family, {.pid = {"20"}}) == "curl later ");
    CHECK(wanted(family, {.pid = {"!20"}}) == "shell nc ");
    CHECK(wanted(family, {.process = {"pid in {20, 40}"}}) == "curl nc later ");
}

TEST_CASE("a tree goes by the parents that are told, also those without packets") {
    CHECK(wanted(Family(), {.tree = {"10"}}) == "shell curl ");
    CHECK(wanted(Family(), {.tree = {"30"}}) == "nc ");
    CHECK(wanted(Family(), {.tree = {"!10"}}) == "nc ");
}

TEST_CASE("a process that began before another got its parent's pid isn't its child") {
    Family family;
    family.processes[0].start_ns = 3'000'000'000;
    cmd::ProcessSelection wants = selection({.comm = {"shell"}, .follow = true});
    wants.begin(family.processes);
    CHECK_FALSE(wants.wants(of(family.processes[1])));
}

TEST_CASE("descendants are followed, also from a parent of which only its child tells") {
    CHECK(wanted(Family(), {.comm = {"shell"}, .follow = true}) == "shell curl ");
    CHECK(wanted(Family(), {.comm = {"bash"}, .follow = true}) == "nc ");
    CHECK(wanted(Family(), {.uid = {"root"}, .follow = true}) == "shell curl ");
    // Of bash no user is told: it is neither root nor another.
    CHECK(wanted(Family(), {.uid = {"!alice"}, .comm = {"bash"}, .follow = true}).empty());
}

TEST_CASE("parents in a circle end") {
    Family family;
    family.processes[0].start_ns = 0;
    family.processes[0].ppid = 20;
    CHECK(wanted(family, {.tree = {"30"}}) == "nc ");
    CHECK(wanted(family, {.tree = {"20"}}) == "shell curl ");
}

TEST_CASE("a user that the file doesn't tell is neither this one nor another") {
    CHECK(wanted(Family(), {.uid = {"0"}}) == "shell ");
    CHECK(wanted(Family(), {.uid = {"!0"}}) == "curl ");
    CHECK(wanted(Family(), {.process = {"uid > 10"}}) == "curl ");
}

TEST_CASE("names of users are the file's, whoever this machine has") {
    CHECK(wanted(Family(), {.uid = {"alice"}}) == "curl ");
    Family elsewhere;
    elsewhere.processes[0].user = "toor";
    CHECK(wanted(elsewhere, {.uid = {"root"}}).empty());
}

TEST_CASE("a packet's own user decides") {
    Family family;
    cmd::ProcessSelection wants = selection({.uid = {"0"}});
    wants.begin(family.processes);
    Packet packet = of(family.processes[0]);
    CHECK(wants.wants(packet));
    packet.self.uid = 33;
    CHECK_FALSE(wants.wants(packet));
    packet.self.uid = 0;
    CHECK(wants.wants(packet));
}

TEST_CASE("what is learnt later counts from then on") {
    Family family;
    cmd::ProcessSelection wants = selection({.comm = {"wget"}, .tree = {"10"}});
    wants.begin(family.processes);
    Process& child = family.processes[2];
    CHECK_FALSE(wants.wants(of(child)));
    child.comm = "wget";
    CHECK_FALSE(wants.wants(of(child)));
    child.ppid = 20;
    CHECK(wants.wants(of(child)));
}

TEST_CASE("either end will do, and packets without a process are wanted for that") {
    Family family;
    Packet both = of(family.processes[0]);
    both.peer.process = &family.processes[1];
    Packet kernel;
    kernel.self.via = "kernel";
    const Packet silent;
    const auto asked = [&](const cmd::ProcessOptionValues& values, const Packet& packet) {
        cmd::ProcessSelection wants = selection(values);
        wants.begin(family.processes);
        return wants.wants(packet);
    };
    CHECK(asked({.comm = {"curl"}}, both));
    CHECK_FALSE(asked({.comm = {"nc"}}, both));
    CHECK_FALSE(asked({.comm = {"!nc"}}, kernel));
    CHECK(asked({.kernel = true}, kernel));
    CHECK_FALSE(asked({.kernel = true}, silent));
    CHECK(asked({.unattributed = true}, silent));
    CHECK_FALSE(asked({.unattributed = true}, both));
}

TEST_CASE("groups aren't in files") {
    CHECK_THAT(refusal({.gid = {"0"}}), Catch::Contains("not their groups"));
    CHECK_THAT(refusal({.process = {"not gid = 0"}}), Catch::Contains("not their groups"));
}
