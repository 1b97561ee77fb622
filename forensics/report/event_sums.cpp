// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/report/event_sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <string_view>
#include <utility>

#include "forensics/analysis/process_outcome.h"
#include "forensics/report/event_kind.h"
#include "packet/event/frame.h"
#include "pcapng/text.h"

namespace forensics {
namespace {

// Returns the text of the first of these fields that has a value, or nothing.
std::string text_of(const std::vector<packet::EventValue>& values,
                    std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        const auto found = std::find_if(values.begin(), values.end(), [name](const auto& value) {
            return value.field->name == name;
        });
        if (found != values.end()) {
            return std::string(pcapng::cut_utf8(packet::value_text(*found), EventSums::kMaxText));
        }
    }
    return {};
}

}  // namespace

void EventSums::Table::add(const Packet& event, std::array<std::string, 3> texts) {
    const Process* process =
        event.self.process != nullptr ? event.self.process : event.peer.process;
    // No text has a NUL.
    std::string key = process != nullptr ? fmt::to_string(process->number) : std::string();
    for (const std::string& text : texts) {
        key += '\0';
        key += text;
    }
    auto place = places_.find(key);
    if (place == places_.end()) {
        if (rows_.size() == kMost) {
            ++left_out_;
            return;
        }
        place = places_.emplace(std::move(key), rows_.size()).first;
        rows_.push_back({.process = process, .texts = std::move(texts)});
    }
    ReportEvents& row = rows_[place->second];
    ++row.count;
    if (event.time_ns) {
        row.first_ns = std::min(row.first_ns.value_or(*event.time_ns), *event.time_ns);
        row.last_ns = std::max(row.last_ns.value_or(*event.time_ns), *event.time_ns);
    }
}

std::vector<ReportEvents> EventSums::Table::largest(size_t most) const {
    std::vector<ReportEvents> rows = rows_;
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.count > b.count; });
    rows.resize(std::min(rows.size(), most));
    return rows;
}

void EventSums::add(const Packet& event) {
    constexpr std::string_view kSocket = "socket:";
    const std::string& name = event.interface->name;
    const auto record = packet::event_record(event);
    assert(record.has_value());
    const auto values = packet::read_event(*event.interface->event, *record);
    const EventKind kind = event_kind(name, values);
    if (kind == EventKind::kDrop) {
        drops_.add(event, {text_of(values, {"reason"}), text_of(values, {"symbol"}),
                           text_of(values, {"device"})});
    } else if (kind == EventKind::kFailure) {
        failures_.add(event, {name.substr(kSocket.size()),
                              text_of(values, {"remote", "address", "local"}), failure_of(values)});
    }
}

}  // namespace forensics
