// SPDX-License-Identifier: GPL-2.0-only
//
// The ways to see who uses a socket (--tracing). The attribution bench shows for many kinds of
// traffic that one names the right process; here: each that this kernel allows can be chosen.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/kernel/traffic.h"
#include "tests/kernel/world.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"

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
