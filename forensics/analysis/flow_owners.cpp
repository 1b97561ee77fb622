// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/flow_owners.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "forensics/analysis/table.h"
#include "packet/line/terminal_text.h"
#include "packet/process_fields.h"

namespace forensics {
namespace {

using nlohmann::json;
using pcapng::Error;
using pcapng::Result;

// A plain capture of the same packets may have times cut to microseconds.
constexpr uint64_t kMicrosecondNs = 1000;
constexpr uint64_t kSecondNs = 1'000'000'000;

std::string endpoint(std::string_view address, uint64_t port) {
    return fmt::format("{} {}", address, port);
}

// Returns the same key for both directions. `turned`: `b` comes first in it.
std::string key_of(std::string_view protocol, std::string a, std::string b, bool& turned) {
    turned = b < a;
    if (turned) {
        std::swap(a, b);
    }
    return fmt::format("{}\n{}\n{}", protocol, a, b);
}

const json* field(const json& row, const std::string& name) {
    const auto found = row.find(name);
    return found == row.end() || found->is_null() ? nullptr : &*found;
}

std::string text(const json& row, const std::string& name) {
    const json* value = field(row, name);
    return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::optional<uint64_t> number(const json& row, const std::string& name) {
    const json* value = field(row, name);
    return value != nullptr && value->is_number_unsigned() ? std::optional(value->get<uint64_t>())
                                                           : std::nullopt;
}

std::optional<uint32_t> number32(const json& row, const std::string& name) {
    const auto value = number(row, name);
    return value && *value <= UINT32_MAX ? std::optional(static_cast<uint32_t>(*value))
                                         : std::nullopt;
}

template <typename Number>
bool take(std::string_view& text, size_t digits, char behind, Number& number) {
    if (text.size() <= digits || text[digits] != behind) {
        return false;
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
    if (error != std::errc() || end != text.data() + digits) {
        return false;
    }
    text.remove_prefix(digits + 1);
    return true;
}

// 2026-11-22T02:21:54.123456789Z, as the table has it.
std::optional<uint64_t> time_ns(const json& row, const std::string& name) {
    const std::string value = text(row, name);
    std::string_view rest = value;
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    uint64_t hour = 0;
    uint64_t minute = 0;
    uint64_t second = 0;
    uint64_t fraction = 0;
    if (!take(rest, 4, '-', year) || !take(rest, 2, '-', month) || !take(rest, 2, 'T', day) ||
        !take(rest, 2, ':', hour) || !take(rest, 2, ':', minute) || !take(rest, 2, '.', second) ||
        !take(rest, 9, 'Z', fraction) || !rest.empty()) {
        return std::nullopt;
    }
    using namespace std::chrono;
    const year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                              std::chrono::day{day}};
    const auto days = sys_days{date}.time_since_epoch().count();
    if (!date.ok() || days < 0 || hour > 23 || minute > 59 || second > 59) {
        return std::nullopt;
    }
    const uint64_t seconds =
        ((static_cast<uint64_t>(days) * 24 + hour) * 60 + minute) * 60 + second;
    return seconds > UINT64_MAX / kSecondNs - 1 ? std::nullopt
                                                : std::optional(seconds * kSecondNs + fraction);
}

bool has_several(const json& row, const std::string& prefix) {
    const json* several = field(row, prefix + "several");
    return several != nullptr && several->is_boolean() && several->get<bool>();
}

// Returns a value of the row in the form that a comment uses, or an empty text if there is none.
std::string text_of(const json& row, const std::string& prefix, const Column& column) {
    const std::string name = prefix + std::string(column.name);
    if (column.type == ColumnType::kText) {
        return text(row, name);
    }
    const auto value = column.type == ColumnType::kTime ? time_ns(row, name) : number(row, name);
    return value ? std::to_string(*value) : std::string();
}

// Returns the process that the row names, of several the one that moved the most bytes.
std::optional<FlowOwners::Owner> owner_of(const json& row, const std::string& prefix) {
    const auto pid = number32(row, prefix + "pid");
    if (!pid) {
        return std::nullopt;
    }
    FlowOwners::Owner owner;
    for (const packet::ProcessField& field : packet::process_fields()) {
        packet::set_field(owner, field, text_of(row, prefix, field.column));
    }
    return owner;
}

}  // namespace

bool FlowOwners::Before::operator()(const Owner& one, const Owner& other) const {
    for (const packet::ProcessField& field : packet::process_fields()) {
        const Value first = packet::value_of(one, field);
        const Value second = packet::value_of(other, field);
        if (first != second) {
            return first < second;
        }
    }
    return false;
}

Result<FlowOwners> FlowOwners::read(const std::string& path) {
    if (path == "-") {
        return read(std::cin, "stdin");
    }
    std::ifstream table(path, std::ios::binary);
    if (!table) {
        return pcapng::errno_error("open " + packet::printable(path), errno);
    }
    return read(table, packet::printable(path));
}

Result<FlowOwners> FlowOwners::read(std::istream& table, const std::string& name) {
    FlowOwners owners;
    std::string line;
    for (uint64_t number = 1; std::getline(table, line); number++) {
        if (const auto wrong = owners.add(line)) {
            return Error{
                fmt::format("{}, line {}: {}; a table is what `pidcap flows --json` "
                            "prints",
                            name, number, *wrong)};
        }
    }
    if (table.bad()) {
        return pcapng::errno_error("read " + name, errno);
    }
    for (auto& [key, rows] : owners.conversations_) {
        sort(rows);
    }
    return owners;
}

void FlowOwners::sort(Rows& rows) {
    std::sort(rows.begin(), rows.end(),
              [](const Row& a, const Row& b) { return a.first_ns < b.first_ns; });
    for (size_t i = 1; i < rows.size(); i++) {
        const uint64_t longest_ns = rows[rows[i - 1].longest].last_ns;
        const bool longer = rows[i].last_ns > longest_ns;
        rows[i].longest = longer ? i : rows[i - 1].longest;
        rows[i].second_last_ns =
            longer ? longest_ns : std::max(rows[i - 1].second_last_ns, rows[i].last_ns);
    }
}

// Finds rows that began at or before `begin_by_ns` and ended at or after `end_from_ns`.
FlowOwners::Among FlowOwners::that_last(const Rows& rows, uint64_t begin_by_ns,
                                        uint64_t end_from_ns) {
    const auto later =
        std::upper_bound(rows.begin(), rows.end(), begin_by_ns,
                         [](uint64_t time, const Row& row) { return time < row.first_ns; });
    if (later == rows.begin()) {
        return {};
    }
    const Row& latest = *(later - 1);
    const Row& longest = rows[latest.longest];
    if (longest.last_ns < end_from_ns) {
        return {};
    }
    const bool two = &latest != &rows.front() && latest.second_last_ns >= end_from_ns;
    return {two ? nullptr : &longest, true};
}

// Adds one line. Returns what is wrong with it, or nullopt.
std::optional<std::string> FlowOwners::add(const std::string& line) {
    const json row = json::parse(line, nullptr, false);
    if (!row.is_object()) {
        return "not a JSON object";
    }
    const std::string protocol = text(row, "protocol");
    const std::string a = text(row, "a_address");
    const std::string b = text(row, "b_address");
    const auto first_ns = time_ns(row, "first_time");
    const auto last_ns = time_ns(row, "last_time");
    if (protocol.empty() || a.empty() || b.empty()) {
        return "protocol, a_address or b_address is missing";
    }
    rows_++;
    if (!first_ns || !last_ns) {
        return std::nullopt;  // its packets have no time
    }
    Row added{.first_ns = *first_ns, .last_ns = *last_ns};
    bool turned = false;
    const std::string key = key_of(protocol, endpoint(a, number(row, "a_port").value_or(0)),
                                   endpoint(b, number(row, "b_port").value_or(0)), turned);
    if (auto of_a = owner_of(row, "a_")) {
        added.sides[turned ? 1 : 0] = &*owners_.insert(*std::move(of_a)).first;
    }
    if (auto of_b = owner_of(row, "b_")) {
        added.sides[turned ? 0 : 1] = &*owners_.insert(*std::move(of_b)).first;
    }
    // Several processes without an end may be those of both ends, so none of them is used; nor is
    // one that may be a further process of an end.
    const bool many =
        has_several(row, "a_") || has_several(row, "b_") || has_several(row, "either_");
    if (auto either = owner_of(row, "either_"); either && !many) {
        added.either = &*owners_.insert(*std::move(either)).first;
    }
    conversations_[key].push_back(added);
    return std::nullopt;
}

FlowOwners::Found FlowOwners::find(const Flow& flow, int side, uint64_t time) const {
    const auto& sender = flow.sides[static_cast<size_t>(side)];
    const auto& receiver = flow.sides[static_cast<size_t>(1 - side)];
    const std::string from = endpoint(to_text(sender.address), sender.port);
    const std::string to = endpoint(to_text(receiver.address), receiver.port);
    bool turned = false;
    const auto rows = conversations_.find(key_of(protocol_name(flow.protocol), from, to, turned));
    // If both endpoints are the same, the sender of a packet is not known.
    if (rows == conversations_.end() || from == to) {
        return {};
    }
    const uint64_t whole = time - time % kMicrosecondNs;
    const uint64_t rest = UINT64_MAX - whole;
    Among among = that_last(rows->second, whole + std::min(kMicrosecondNs - 1, rest), time);
    if (!among.any) {
        among = that_last(rows->second, time + std::min(kToleranceNs, UINT64_MAX - time),
                          time - std::min(kToleranceNs, time));
    }
    const Row* row = among.row;
    if (row == nullptr) {
        return {};
    }
    const size_t at = turned ? 1 : 0;
    const Found found{row->sides[at], row->sides[1 - at], row->either};
    // A process with a known end takes precedence over one without.
    return found.sender != nullptr || found.receiver != nullptr
               ? Found{found.sender, found.receiver, nullptr}
               : found;
}

}  // namespace forensics
