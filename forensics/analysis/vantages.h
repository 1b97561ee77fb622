// SPDX-License-Identifier: GPL-2.0-only
//
// Vantages: numbers the points at which packets of a file were taken, and the places in which
// packets are: network namespaces, of a merged file hosts, and tunnels in them. A vantage is an
// interface; of the "any" interface of other tools, what the link-layer header tells apart: the
// real interface (SLL2), or sent from received (SLL). Memory is bounded by the file's interfaces.
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "forensics/packet_types.h"
#include "packet/dissect/dissect.h"

namespace forensics {

struct Vantage {
    uint32_t number = 0;
    uint32_t place = 0;
};

class Vantages {
  public:
    // `packet.interface` is set.
    Vantage of(const Packet& packet);
    size_t count() const { return count_; }

    // Where the packet is within `place`, if it came through a tunnel. A tunnel is known by its id,
    // or by its ends if it has none. `name` is as the first packet has it: "vxlan 42 10.0.0.1
    // 10.0.0.2", nested ones after each other; it lives as long as this, and is empty without a
    // tunnel.
    struct Inner {
        uint32_t place = 0;
        std::string_view name;
    };
    Inner within(uint32_t place, const packet::Dissected& packet);

  private:
    struct Known {
        bool known = false;
        Vantage vantage;
    };

    const Known& interface(const Interface& interface);
    uint32_t place(const Interface& interface);

    std::vector<Known> interfaces_;  // by number
    // Of "any" interfaces: by the interface's number and what the header tells.
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> cooked_;
    std::map<std::string, uint32_t, std::less<>> places_;
    struct TunnelPlace {
        uint32_t place = 0;
        std::string name;
    };
    std::map<std::string, TunnelPlace, std::less<>> tunnels_;
    uint32_t place_count_ = 0;
    uint32_t count_ = 0;
};

}  // namespace forensics
