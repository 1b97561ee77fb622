// SPDX-License-Identifier: GPL-2.0-only
//
// The tables that files become: packets, flows, processes. One schema for --json, --csv, the
// terminal and `pidcap export`; docs/analysis.md lists it. Columns are added at the end, never
// renamed. No name is a word that SQL reserves. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "forensics/analysis/analysis.h"

namespace forensics {

enum class ColumnType : uint8_t { kUnsigned, kText, kTime, kSeconds, kBoolean };

struct Column {
    std::string_view name;
    ColumnType type;
    std::string_view meaning;
};

// Nanoseconds since the epoch.
struct Time {
    uint64_t ns = 0;

    auto operator<=>(const Time&) const = default;
};

// monostate: not known. Text is the file's: hostile. double: seconds.
using Value =
    std::variant<std::monostate, uint64_t, std::string_view, std::string, Time, double, bool>;
using Row = std::vector<Value>;

// A row has one value for each column, in their order; views are valid as long as what they came
// from.
std::span<const Column> packet_columns();
void packet_row(const Packet& packet, const FlowTable::Found& flow, Row& row);

std::span<const Column> process_columns();
void process_row(const ProcessTraffic& traffic, Row& row);

std::span<const Column> flow_columns();
void flow_row(const Flow& flow, Row& row);

// "tcp", "udp", …; the number where it has no name here.
std::string protocol_name(uint8_t protocol);

}  // namespace forensics
