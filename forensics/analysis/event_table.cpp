// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/event_table.h"

#include <fmt/format.h>

#include <array>
#include <cassert>
#include <string>
#include <string_view>

#include "forensics/analysis/row_text.h"
#include "forensics/analysis/row_writer.h"
#include "packet/event/frame.h"
#include "packet/event/record.h"

namespace forensics {
namespace {

using enum ColumnType;

constexpr auto kColumns = std::to_array<Column>({
    {"event", kText, "its name: socket:connect, or a tracepoint's SYSTEM:NAME"},
    {"number", kUnsigned, "of its packet in the file, from 1"},
    {"time", kTime, "when it happened"},
    {"host", kText, "the host of the process, if the file names it"},
    {"pid", kUnsigned, "the process that it happened to"},
    {"tid", kUnsigned, "its thread"},
    {"start_time", kTime, "when the process started"},
    {"comm", kText, "its name"},
    {"exe", kText, "path of its program"},
    {"uid", kUnsigned, "its user, as of this event"},
    {"user_name", kText, "name of its user"},
    {"container", kText, "its container's id"},
    {"container_name", kText, "its container's name"},
    {"container_image", kText, "image of its container"},
    {"pod_name", kText, "its pod's name, in Kubernetes"},
    {"pod_namespace", kText, "its pod's namespace, in Kubernetes"},
    {"unit", kText, "its systemd unit"},
    {"via", kText, "how it was found, or why there is none"},
    {"drop_count", kUnsigned, "events of this name that were lost right before this one"},
    {"fields", kObject, "the event's own fields"},
});

// Writes members of a JSON object.
class ObjectWriter {
  public:
    explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }

    void member(std::string_view name, std::string_view part, const Value& value) {
        begin(name, part);
        append_json(value, out_);
    }
    void number(std::string_view name, int64_t value) {
        begin(name, {});
        fmt::format_to(std::back_inserter(out_), "{}", value);
    }
    void end() { out_ += '}'; }

  private:
    // Names of fields are identifiers: nothing to escape.
    void begin(std::string_view name, std::string_view part) {
        fmt::format_to(std::back_inserter(out_), "{}\"{}{}\":", first_ ? "" : ",", name, part);
        first_ = false;
    }

    std::string& out_;
    bool first_ = true;
};

void write_value(ObjectWriter& out, const packet::EventValue& value) {
    const std::string& name = value.field->name;
    if (const auto* number = std::get_if<int64_t>(&value.value)) {
        out.number(name, *number);
    } else if (const auto* natural = std::get_if<uint64_t>(&value.value);
               natural != nullptr && value.field->kind != packet::FieldKind::kPointer) {
        out.member(name, {}, *natural);
    } else {
        // A number's name stands by itself.
        const bool is_pointer = natural != nullptr;
        out.member(name, {}, is_pointer ? fmt::format("{:#x}", *natural) : value_text(value));
    }
    if (const std::string_view of_number = packet::value_name(value); !of_number.empty()) {
        out.member(name, ".name", of_number);
    }
    if (const auto* address = std::get_if<packet::EventAddress>(&value.value);
        address != nullptr && address->port) {
        out.member(name, address->address.length == 4 ? ".ip4" : ".ip6", to_text(address->address));
        out.member(name, ".port", uint64_t{*address->port});
    }
}

List fields_of(const packet::EventLayout& layout, std::span<const uint8_t> record) {
    List list;
    ObjectWriter out(list.json);
    for (const packet::EventValue& value : packet::read_event(layout, record)) {
        write_value(out, value);
    }
    out.end();
    return list;
}

}  // namespace

std::span<const Column> event_columns() {
    return kColumns;
}

void event_row(const Packet& event, Row& row) {
    const auto record = packet::event_record(event);
    assert(record.has_value());
    RowWriter out(row, kColumns.size());
    out.text(event.interface->name);
    out.number(event.number);
    out.time(event.time_ns);
    out.end(event.self.process == nullptr && event.peer.process != nullptr ? event.peer
                                                                           : event.self);
    out.number(event.drop_count);
    out.value(fields_of(*event.interface->event, *record));
}

}  // namespace forensics
