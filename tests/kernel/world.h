// SPDX-License-Identifier: GPL-2.0-only
//
// World: two network namespaces joined by a veth pair, captured at three places: lo and the veth of
// the near one, and the veth of the far one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/kernel/ownership.h"
#include "tests/kernel/pair.h"
#include "tests/support/netns.h"
#include "tests/support/recording.h"
#include "tests/support/temporary_folder.h"

namespace test {

class World {
  public:
    const Netns& near() const { return pair_.near; }
    const Netns& far() const { return pair_.far; }
    std::vector<Path> paths() const { return pair_.paths(); }

    // Captures from here to stop(), which also reads the packets. Nothing may be lost meanwhile.
    void start(const std::vector<std::string>& arguments = {});
    void stop();

    const std::vector<Packet>& near_packets() const { return near_packets_; }
    const std::vector<Packet>& far_packets() const { return far_packets_; }

  private:
    TemporaryFolder folder_;
    Pair pair_;
    std::unique_ptr<Recording> near_run_;
    std::unique_ptr<Recording> far_run_;
    std::vector<Packet> near_packets_;
    std::vector<Packet> far_packets_;
};

// Every packet has the owner it should have, and no other.
void check(const Ownership& ownership, const std::vector<Packet>& packets);
void check(const Ownership& ownership, const World& world);

// The packets for which `wanted` is true; fails the test if there are fewer than `least`.
std::vector<Packet> select(const std::vector<Packet>& packets,
                           const std::function<bool(const Packet&)>& wanted, size_t least = 1);

}  // namespace test
