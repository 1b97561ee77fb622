// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/export/partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <initializer_list>
#include <iterator>
#include <utility>
#include <variant>

#include "forensics/analysis/row_text.h"

namespace forensics {
namespace {

using pcapng::Error;
using pcapng::Result;

constexpr std::string_view kNull = "__HIVE_DEFAULT_PARTITION__";
constexpr uint64_t kHourNs = 3'600'000'000'000;

bool is_escaped(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ||
           std::string_view("\"#%'*/:=?\\{[]^").find(c) != std::string_view::npos;
}

std::vector<size_t> columns_called(std::span<const Column> columns,
                                   std::initializer_list<std::string_view> names) {
    std::vector<size_t> found;
    for (const std::string_view name : names) {
        const auto at = std::find_if(columns.begin(), columns.end(),
                                     [name](const Column& column) { return column.name == name; });
        assert(at != columns.end());
        found.push_back(static_cast<size_t>(at - columns.begin()));
    }
    return found;
}

std::vector<size_t> host_columns(TableKind table, std::span<const Column> columns) {
    switch (table) {
        case TableKind::kPackets:
            return columns_called(columns, {"host", "peer_host"});
        case TableKind::kFlows:
            return columns_called(columns, {"a_host", "b_host", "either_host"});
        case TableKind::kProcesses:
        case TableKind::kEvents:
            break;
    }
    return columns_called(columns, {"host"});
}

std::vector<size_t> time_columns(TableKind table, std::span<const Column> columns) {
    switch (table) {
        case TableKind::kFlows:
            return columns_called(columns, {"first_time"});
        case TableKind::kProcesses:
            return columns_called(columns, {"first_time", "start_time"});
        case TableKind::kPackets:
        case TableKind::kEvents:
            break;
    }
    return columns_called(columns, {"time"});
}

std::string_view text_of(const Value& value) {
    if (const auto* view = std::get_if<std::string_view>(&value)) {
        return *view;
    }
    const auto* text = std::get_if<std::string>(&value);
    return text != nullptr ? std::string_view(*text) : std::string_view();
}

}  // namespace

void append_hive_value(std::string_view value, std::string& out) {
    if (value.empty()) {
        out += kNull;
        return;
    }
    std::string clean;
    append_text(value, clean);
    for (const char c : clean) {
        if (is_escaped(c)) {
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
}

Partitions::Partitions(TableKind table, std::span<const Column> columns,
                       std::vector<PartitionKey> keys)
    : keys_(std::move(keys)),
      by_host_(std::find(keys_.begin(), keys_.end(), PartitionKey::kHost) != keys_.end()),
      hosts_(host_columns(table, columns)),
      times_(time_columns(table, columns)),
      columns_(columns.begin(), columns.end()) {
    const size_t first = hosts_.front();
    if (by_host_ && columns[first].name == "host") {
        dropped_ = first;
        columns_.erase(columns_.begin() + static_cast<ptrdiff_t>(first));
    }
}

Result<size_t> Partitions::take(Row& row, std::string_view host) {
    for (const size_t column : hosts_) {
        if (const std::string_view told = text_of(row[column]); !told.empty()) {
            host = told;
            break;
        }
    }
    host_found_ = host_found_ || !host.empty();
    Hour hour;
    for (size_t i = 0; i < times_.size() && !hour; ++i) {
        if (const auto* time = std::get_if<Time>(&row[times_[i]])) {
            hour = time->ns / kHourNs;
        }
    }
    const auto number = number_of(host, hour);
    if (dropped_) {
        row.erase(row.begin() + static_cast<ptrdiff_t>(*dropped_));
    }
    return number;
}

Result<size_t> Partitions::number_of(std::string_view host, Hour hour) {
    if (last_ && std::get<1>(*last_) == hour && std::get<0>(*last_) == host) {
        return std::get<2>(*last_);
    }
    std::string folder = folder_of(host, hour);
    auto found = numbers_.find(folder);
    if (found == numbers_.end()) {
        if (folders_.size() == kMost) {
            return Error{
                fmt::format("more than {} partitions: export a part (--after, --before), "
                            "or leave hour out",
                            kMost)};
        }
        found = numbers_.emplace(folder, folders_.size()).first;
        folders_.push_back(std::move(folder));
    }
    last_ = {std::string(host), hour, found->second};
    return found->second;
}

std::string Partitions::folder_of(std::string_view host, Hour hour) const {
    std::string time;  // 2026-11-30T08:…
    if (hour) {
        append_time({*hour * kHourNs}, time);
    }
    std::string folder;
    for (const PartitionKey key : keys_) {
        folder += folder.empty() ? "" : "/";
        switch (key) {
            case PartitionKey::kHost:
                folder += "host=";
                append_hive_value(host, folder);
                break;
            case PartitionKey::kDate:
                folder += "date=";
                append_hive_value(std::string_view(time).substr(0, 10), folder);
                break;
            case PartitionKey::kHour:
                folder += "hour=";
                append_hive_value(hour ? std::string_view(time).substr(11, 2) : "", folder);
                break;
        }
    }
    return folder;
}

}  // namespace forensics
