// SPDX-License-Identifier: GPL-2.0-only
#include "tests/kernel/world.h"

#include <catch2/catch.hpp>

namespace test {
namespace {

constexpr size_t kShownFailures = 12;

}  // namespace

void World::start(const std::vector<std::string>& arguments) {
    std::vector<std::string> pidcap = {PIDCAP_PROGRAM};
    pidcap.insert(pidcap.end(), arguments.begin(), arguments.end());
    near_run_ = std::make_unique<Recording>(Place{"near", near(), {"lo", "veth0"}}, pidcap,
                                            folder_.file("near.pcapng"));
    far_run_ = std::make_unique<Recording>(Place{"far", far(), {"veth0"}}, pidcap,
                                           folder_.file("far.pcapng"));
    near_run_->wait_until_listening();
    far_run_->wait_until_listening();
}

void World::stop() {
    near_run_->stop();
    far_run_->stop();
    near_packets_ = near_run_->packets();
    far_packets_ = far_run_->packets();
}

void check(const Ownership& ownership, const std::vector<Packet>& packets) {
    std::string shown;
    size_t failures = 0;
    for (const Packet& packet : packets) {
        const Score score = ownership.score(packet);
        if (score.verdict != Verdict::right && failures++ < kShownFailures) {
            shown += describe(packet) + "\n    " + score.reason + "\n";
        }
    }
    INFO(shown);
    CHECK(failures == 0);
    CHECK(!packets.empty());
}

void check(const Ownership& ownership, const World& world) {
    check(ownership, world.near_packets());
    check(ownership, world.far_packets());
}

std::vector<Packet> select(const std::vector<Packet>& packets,
                           const std::function<bool(const Packet&)>& wanted, size_t least) {
    std::vector<Packet> chosen;
    for (const Packet& packet : packets) {
        if (wanted(packet)) {
            chosen.push_back(packet);
        }
    }
    CHECK(chosen.size() >= least);
    return chosen;
}

}  // namespace test
