// SPDX-License-Identifier: GPL-2.0-only
//
// Vantages: numbers the points at which packets of a file were taken, and the places (network
// namespaces, of a merged file hosts) in which these are. A vantage is an interface; of the "any"
// interface of other tools, what the link-layer header tells apart: the real interface (SLL2), or
// sent from received (SLL). Memory is bounded by the file's interfaces. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "forensics/packet_types.h"

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
    uint32_t count_ = 0;
};

}  // namespace forensics
