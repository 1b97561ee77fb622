// SPDX-License-Identifier: GPL-2.0-only
//
// What the report tells events apart by. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "packet/event/record.h"

namespace forensics {

enum class EventKind : uint8_t {
    kFailure,  // a call for a connection failed, or the program gave up
    kDrop,     // the kernel dropped a packet
    kStart,    // process:fork, process:exec
    kEnd,      // process:exit
    kOther,
};
inline constexpr size_t kEventKinds = 5;

// `name`: of the event; `values`: of its record.
EventKind event_kind(std::string_view name, const std::vector<packet::EventValue>& values);

}  // namespace forensics
