// SPDX-License-Identifier: GPL-2.0-only
//
// Columns, rows and values: every form of a table (terminal, JSON, CSV, Parquet) is made of these.
// Passive data.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace packet {

enum class ColumnType : uint8_t { kUnsigned, kText, kTime, kSeconds, kBoolean, kList, kObject };

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

// Several things in one value, as a JSON array or object (RFC 8259).
struct List {
    std::string json;

    auto operator<=>(const List&) const = default;
};

// monostate: not known. A text may be any bytes that a process or the network chose. double:
// seconds.
using Value =
    std::variant<std::monostate, uint64_t, std::string_view, std::string, Time, double, bool, List>;
using Row = std::vector<Value>;

}  // namespace packet
