// SPDX-License-Identifier: GPL-2.0-only
//
// The tables of packets, flows and processes. One schema for --json, --csv, the
// terminal and `pidcap export`; docs/analysis.md lists it. Columns are added at the end, never
// renamed. No name is a word that SQL reserves. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "forensics/analysis/analysis.h"
#include "forensics/packet_types.h"

namespace forensics {

// A row has one value for each column, in their order; views are valid as long as what they came
// from.
std::span<const Column> packet_columns();
// `first_flow`: the number of the first conversation of the flow's table.
void packet_row(const Packet& packet, const FlowTable::Found& flow, Row& row,
                uint64_t first_flow = 0);

std::span<const Column> process_columns();
void process_row(const ProcessTraffic& traffic, Row& row);

std::span<const Column> flow_columns();
void flow_row(const Flow& flow, Row& row);

// Returns "tcp", "udp", …, or the number of a protocol that has no name here.
std::string protocol_name(uint8_t protocol);

}  // namespace forensics
