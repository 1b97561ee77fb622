// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessSample: CPU time and memory of a process at a moment, as the event process:sample has them
// (docs/events.md). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "packet/packet.h"

namespace packet {

inline constexpr std::string_view kSampleEvent = "process:sample";

// What was used since the sample before.
struct SampleInterval {
    uint64_t length_ns = 0;  // more than 0
    uint64_t cpu_ns = 0;     // of all threads, user and system
};

struct ProcessSample {
    uint64_t rss_bytes = 0;
    std::optional<SampleInterval> interval = {};  // none: it is the process's first one
};

// Returns nullopt if the packet is none, or says nothing of memory.
std::optional<ProcessSample> sample_in(const Packet& packet);

}  // namespace packet
