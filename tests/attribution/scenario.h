// SPDX-License-Identifier: GPL-2.0-only
//
// Scenario: traffic of known processes, and who should own its packets.
//
// All scenarios share one run: everybody prepares, the captures start, everybody plays in turn, the
// captures stop, and each packet is scored by the scenario that was playing when it passed. A
// scenario leaves no connection behind that would still send.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/kernel/ownership.h"
#include "tests/kernel/pair.h"
#include "tests/support/recording.h"

namespace bench {

// What this machine can't play.
struct Skip : std::runtime_error {
    using runtime_error::runtime_error;
};

// Where scenarios play: the near namespace's lo and veth0 and the far one's veth0 are captured, and
// the places that a scenario adds.
class Stage {
  public:
    const test::Pair& pair() const { return pair_; }
    const test::Netns& near() const { return pair_.near; }
    const test::Netns& far() const { return pair_.far; }
    std::vector<test::Path> paths() const { return pair_.paths(); }

    // The namespace has to live as long as the scenario's Play.
    void capture(const test::Place& place) { places_.push_back(place); }
    const std::vector<test::Place>& places() const { return places_; }

  private:
    test::Pair pair_;
    std::vector<test::Place> places_ = {{"near", pair_.near, {"lo", "veth0"}},
                                        {"far", pair_.far, {"veth0"}}};
};

using Play = std::function<void(test::Ownership&)>;

struct Scenario {
    std::string name;
    size_t packets;  // at least so many are to be scored
    // What existed before the start of the captures is made here, and lives in the Play.
    std::function<Play(Stage&)> prepare;
};

// Traffic of which nothing exists before the start.
inline Scenario from_scratch(const std::string& name, size_t packets,
                             const std::function<void(const Stage&, test::Ownership&)>& play) {
    return {name, packets, [play](Stage& stage) -> Play {
                return [play, &stage](test::Ownership& ownership) { play(stage, ownership); };
            }};
}

// The same on each path.
inline Scenario on_each_path(const std::string& name, size_t packets,
                             const std::function<void(const test::Path&, test::Ownership&)>& play) {
    return from_scratch(name, packets, [play](const Stage& stage, test::Ownership& ownership) {
        for (const test::Path& path : stage.paths()) {
            play(path, ownership);
        }
    });
}

using Scenarios = std::vector<Scenario>;

// By family, a file each.
void add_tcp(Scenarios& all);
void add_udp(Scenarios& all);
void add_multicast(Scenarios& all);
void add_handover(Scenarios& all);
void add_calls(Scenarios& all);
void add_lifetime(Scenarios& all);
void add_icmp(Scenarios& all);
void add_packet(Scenarios& all);
void add_tunnel(Scenarios& all);
void add_container(Scenarios& all);
void add_device(Scenarios& all);
void add_forged(Scenarios& all);
void add_idle(Scenarios& all);

Scenarios all_scenarios();

}  // namespace bench
