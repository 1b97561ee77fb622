// SPDX-License-Identifier: GPL-2.0-only
#include "tests/attribution/run.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <numeric>
#include <set>
#include <thread>

#include "tests/support/temporary_folder.h"

namespace bench {
namespace {

constexpr size_t kShownFailures = 6;
constexpr const char* kNeighbours = "neighbours";

struct Act {
    const Scenario& scenario;
    Row row;
    test::Ownership ownership;
    Play play;
    uint64_t start_ns = 0;  // wall clock
};

uint64_t now_ns() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
}

// A packet belongs to the act that had begun last when it passed. The pauses are longer than the
// clocks of bench and capture can be apart.
void pause() {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

void attempt(Row& row, const std::function<void()>& what) {
    try {
        what();
    } catch (const Skip& reason) {
        row.skipped = reason.what();
    } catch (const std::exception& problem) {
        row.error = problem.what();
    }
}

// A veth takes IPv6 multicasts when the kernel has noticed that its link is up, which can take a
// second: then there is a route for them.
bool takes_multicasts(const test::Netns& netns) {
    const test::InNetns inside(netns);
    std::ifstream routes("/proc/thread-self/net/ipv6_route");
    for (std::string line; std::getline(routes, line);) {
        if (line.starts_with("ff0000") && line.ends_with(" veth0")) {
            return true;
        }
    }
    return false;
}

void wait_for_links(const Stage& stage) {
    constexpr int kTries = 10000 / 5;  // of pause(): ten seconds
    for (int tries = 0; !takes_multicasts(stage.near()) || !takes_multicasts(stage.far());
         tries++) {
        if (tries == kTries) {
            throw std::runtime_error("veth0 has no route for IPv6 multicasts");
        }
        pause();
    }
}

void play_all(const Stage& stage, std::vector<Act>& acts) {
    for (Act& act : acts) {
        if (!act.row.played()) {
            continue;
        }
        std::fprintf(stderr, "%s ", act.row.name.c_str());
        pause();
        act.start_ns = now_ns();
        pause();
        attempt(act.row, [&] {
            act.play(act.ownership);
            test::settle(stage.near());
            test::settle(stage.far());
        });
    }
    std::fputs("\n", stderr);
    pause();
}

void score(const test::Packet& packet, const test::Ownership& ownership, Row& row) {
    const test::Score score = ownership.score(packet);
    row.verdicts[static_cast<size_t>(score.verdict)]++;
    row.vias[packet.via()]++;
    if (score.verdict != test::Verdict::right && row.failures.size() < kShownFailures) {
        row.failures.push_back(kVerdictNames[static_cast<size_t>(score.verdict)] +
                               (" at " + packet.place) + ": " + score.reason + "\n      " +
                               describe(packet));
    }
}

void score_all(const std::vector<test::Packet>& packets, test::Hook hook, std::vector<Act>& acts,
               Row& neighbours) {
    for (const test::Packet& packet : packets) {
        Act* playing = nullptr;
        for (Act& act : acts) {
            if (act.start_ns != 0 && act.start_ns <= packet.time_ns) {
                playing = &act;
            }
        }
        if (is_neighbour_discovery(packet) &&
            (playing == nullptr || !playing->ownership.rules(packet))) {
            score(packet, test::Ownership(hook), neighbours);
        } else if (playing != nullptr) {
            score(packet, playing->ownership, playing->row);
        }
    }
}

std::set<std::string> interfaces_of(const Stage& stage) {
    std::set<std::string> names;
    for (const test::Place& place : stage.places()) {
        names.insert(place.interfaces.begin(), place.interfaces.end());
    }
    return names;
}

using Recordings = std::vector<std::unique_ptr<test::Recording>>;

Recordings record(const Stage& stage, const Captures& captures,
                  const test::TemporaryFolder& folder) {
    std::vector<std::string> pidcap = captures.pidcap;
    pidcap.insert(pidcap.end(), {"--hook", name_of(captures.hook)});
    const bool at_sockets = captures.hook == test::Hook::cgroup;
    Recordings recordings;
    if (at_sockets || captures.together) {
        if (!at_sockets) {
            pidcap.insert(pidcap.end(), {"--netns", "all"});
            for (const std::string& interface : interfaces_of(stage)) {
                pidcap.insert(pidcap.end(), {"-i", interface});
            }
        }
        recordings.push_back(
            std::make_unique<test::Recording>(stage.places(), pidcap, folder.file("all")));
        return recordings;
    }
    for (const test::Place& place : stage.places()) {
        recordings.push_back(
            std::make_unique<test::Recording>(place, pidcap, folder.file(place.name)));
    }
    return recordings;
}

// A capture of all network namespaces leaves those that have no process.
std::vector<std::unique_ptr<test::Process>> inhabit(const Stage& stage) {
    std::vector<std::unique_ptr<test::Process>> inhabitants;
    for (const test::Place& place : stage.places()) {
        inhabitants.push_back(
            std::make_unique<test::Process>(test::Launch{{"sleep", "infinity"}, &place.netns}));
    }
    return inhabitants;
}

}  // namespace

size_t Row::packets() const {
    return std::accumulate(verdicts.begin(), verdicts.end(), size_t{0});
}

std::vector<Row> run(const Scenarios& scenarios, const Captures& captures) {
    const test::Hook hook = captures.hook;
    const test::TemporaryFolder folder;
    Stage stage;
    std::vector<Act> acts;
    for (const Scenario& scenario : scenarios) {
        acts.push_back({scenario, {.name = scenario.name}, test::Ownership(hook), {}});
        attempt(acts.back().row, [&] { acts.back().play = scenario.prepare(stage); });
    }
    const auto inhabitants = inhabit(stage);
    const Recordings recordings = record(stage, captures, folder);
    for (const auto& recording : recordings) {
        recording->wait_until_listening();
    }
    wait_for_links(stage);
    play_all(stage, acts);
    for (const auto& recording : recordings) {
        recording->stop();
    }
    Row neighbours{.name = kNeighbours};
    for (const auto& recording : recordings) {
        score_all(recording->packets(), hook, acts, neighbours);
    }
    std::vector<Row> rows;
    for (Act& act : acts) {
        if (act.row.played() && act.row.packets() < act.scenario.packets) {
            act.row.error = "only " + std::to_string(act.row.packets()) + " of at least " +
                            std::to_string(act.scenario.packets) + " packets were seen";
        }
        rows.push_back(std::move(act.row));
    }
    rows.push_back(std::move(neighbours));
    return rows;
}

}  // namespace bench
