// SPDX-License-Identifier: GPL-2.0-only
//
// Conversation: what the FlowTable keeps of a conversation: what it returns, and what finds it and
// follows it. Plain data, for Records.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "forensics/analysis/flow.h"
#include "forensics/analysis/flow_key.h"
#include "forensics/analysis/name_reader.h"
#include "forensics/analysis/stream_vantages.h"
#include "forensics/analysis/tcp_stream.h"

namespace forensics {

struct Conversation {
    static constexpr size_t kMaxPlaces = 4;

    Flow flow;
    FlowKey key;                                // where it was seen first
    std::array<uint64_t, kMaxPlaces> places{};  // where it was seen, too
    uint8_t place_count = 0;
    bool lower_is_first = true;  // the lower end of the key is side 0
    TcpStream tcp;
    std::array<NameReader::Opening, 2> openings;
    StreamVantages vantages;

    bool has(const FlowKey& other) const {
        return key.same_ends(other) &&
               (key.place == other.place || std::find(places.begin(), places.begin() + place_count,
                                                      other.place) != places.begin() + place_count);
    }
    // Returns false if it has been seen at too many places.
    bool add_place(uint64_t place) {
        if (place_count == kMaxPlaces) {
            return false;
        }
        places[place_count++] = place;
        return true;
    }
    void see(const Interface& interface) {
        for (const Interface*& known : flow.interfaces) {
            if (known == nullptr) {
                known = &interface;
            }
            if (known == &interface) {
                return;
            }
        }
        flow.more_interfaces = true;
    }
};

}  // namespace forensics
