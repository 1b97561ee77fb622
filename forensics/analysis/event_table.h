// SPDX-License-Identifier: GPL-2.0-only
//
// The table of events: one schema for `pidcap events --csv` and --json, and for the events among
// the packets of --json; docs/analysis.md lists it. Columns are added at the end, never renamed.
// Pure.
#pragma once

#include <span>

#include "forensics/packet_types.h"

namespace forensics {

std::span<const Column> event_columns();
// Fills in the row of a packet for which packet::is_event() holds. Views are valid as long as the
// packet.
void event_row(const Packet& event, Row& row);

}  // namespace forensics
