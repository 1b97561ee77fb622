// SPDX-License-Identifier: GPL-2.0-only
//
// An event's fields as text for a terminal:
//     errno=ECONNREFUSED to=192.0.2.1:80 path="/srv/a b"
// Every byte of the record is made safe. Pure.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <span>

#include "packet/event/layout.h"
#include "packet/packet.h"

namespace packet {

// Appends the fields that have a value, with blanks between them. Of bytes and texts that are
// longer than a line should be the beginning, and "…".
void append_event_fields(fmt::memory_buffer& out, const EventLayout& layout,
                         std::span<const uint8_t> record);

// Appends the process that the event happened to, or the reason why none is known, and a blank.
void append_event_process(fmt::memory_buffer& out, const Packet& event, bool color);

}  // namespace packet
