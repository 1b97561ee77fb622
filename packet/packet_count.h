// SPDX-License-Identifier: GPL-2.0-only
//
// PacketCount: how many packets and how many events (packet/event/frame.h) there were. Passive.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "packet/event/frame.h"
#include "packet/sink.h"

namespace packet {

struct PacketCount {
    uint64_t packets = 0;
    uint64_t events = 0;

    void add(const Packet& packet) { ++(is_event(packet) ? events : packets); }
    void add(const InterfaceCounters& interface) {
        (interface.of_events ? events : packets) += interface.captured;
    }
    // "1 packet", "2 packets, 1 event".
    std::string text() const {
        const auto counted = [](uint64_t count, const char* what) {
            return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
        };
        return counted(packets, "packet") + (events > 0 ? ", " + counted(events, "event") : "");
    }
    // "2 of 3 packets", "2 of 3 packets, 1 of 2 events". `all`: among which these are.
    std::string text_of(const PacketCount& all) const {
        return fmt::format("{} of {} packets", packets, all.packets) +
               (all.events > 0 ? fmt::format(", {} of {} events", events, all.events) : "");
    }
};

}  // namespace packet
