// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessFilter on the packets of a file, whose processes are what the file records.
#include "packet/filter/process_filter.h"

#include <catch2/catch.hpp>
#include <deque>
#include <string>

#include "cmd/process_options.h"
#include "forensics/analysis/recorded_ancestry.h"

using packet::Packet;
using packet::Process;
using packet::Via;

namespace {

packet::ProcessConditions conditions(cmd::ProcessOptionValues values) {
    values.of_file = true;
    const auto whose = cmd::read_process_options(values);
    REQUIRE(whose);
    return cmd::conditions_of(*whose, std::nullopt);
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
    uint64_t changes = 0;

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
        ++changes;
        return processes.emplace_back(process);
    }
    // To be called after a change that a filter must learn of.
    void changed(Process& process) {
        ++process.version;
        ++changes;
    }
};

// The packets of a family that options want.
class Selection {
  public:
    Selection(const Family& family, const cmd::ProcessOptionValues& values)
        : ancestry_(family.processes, &family.changes), filter_(conditions(values), ancestry_) {}

    bool wants(const Packet& packet) { return filter_.wants(packet); }

  private:
    forensics::RecordedAncestry ancestry_;
    packet::ProcessFilter filter_;
};

Packet of(const Process& process) {
    Packet packet;
    packet.self.process = &process;
    packet.self.via = Via::kSocket;
    return packet;
}

// The comms of those whose packets are wanted.
std::string wanted(const Family& family, const cmd::ProcessOptionValues& values) {
    Selection selection(family, values);
    std::string names;
    for (const Process& process : family.processes) {
        names += selection.wants(of(process)) ? process.comm + " " : "";
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
    Selection selection(family, {.comm = {"shell"}, .follow = true});
    CHECK_FALSE(selection.wants(of(family.processes[1])));
}

TEST_CASE("descendants are followed, also from a parent of which only its child tells") {
    CHECK(wanted(Family(), {.comm = {"shell"}, .follow = true}) == "shell curl ");
    CHECK(wanted(Family(), {.comm = {"bash"}, .follow = true}) == "nc ");
    CHECK(wanted(Family(), {.uid = {"root"}, .follow = true}) == "shell curl ");
    // Of bash no user is told: it is neither root nor another.
    CHECK(wanted(Family(), {.comm = {"bash"}, .uid = {"!alice"}, .follow = true}).empty());
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
    Selection selection(family, {.uid = {"0"}});
    Packet packet = of(family.processes[0]);
    CHECK(selection.wants(packet));
    packet.self.uid = 33;
    CHECK_FALSE(selection.wants(packet));
    packet.self.uid = 0;
    CHECK(selection.wants(packet));
}

TEST_CASE("what is learnt later counts from then on") {
    Family family;
    Selection selection(family, {.comm = {"wget"}, .tree = {"10"}});
    Process& child = family.processes[2];
    CHECK_FALSE(selection.wants(of(child)));
    child.comm = "wget";
    family.changed(child);
    CHECK_FALSE(selection.wants(of(child)));
    child.ppid = 20;
    family.changed(child);
    CHECK(selection.wants(of(child)));
}

TEST_CASE("either end will do, and packets without a process are wanted for that") {
    Family family;
    Packet both = of(family.processes[0]);
    both.peer.process = &family.processes[1];
    Packet kernel;
    kernel.self.via = Via::kKernel;
    const Packet silent;
    const auto asked = [&](const cmd::ProcessOptionValues& values, const Packet& packet) {
        Selection selection(family, values);
        return selection.wants(packet);
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
