// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/event_text.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "packet/event/record.h"
#include "packet/line/decode_parts.h"
#include "packet/line/process_ends.h"
#include "packet/line/terminal_text.h"
#include "pcapng/text.h"

namespace packet {
namespace {

constexpr size_t kMostBytes = 32;
constexpr size_t kMostText = 256;
constexpr std::string_view kMore = "…";

void append_value(fmt::memory_buffer& out, const EventValue& value) {
    if (const auto* bytes = std::get_if<std::span<const uint8_t>>(&value.value)) {
        const std::span<const uint8_t> first = bytes->first(std::min(bytes->size(), kMostBytes));
        out.append(value_text({value.field, first}));
        out.append(first.size() < bytes->size() ? kMore : std::string_view());
        return;
    }
    const std::string text = value_text(value);
    const std::string_view first = pcapng::cut_utf8(text, kMostText);
    append_word(out, first);
    out.append(first.size() < text.size() ? kMore : std::string_view());
}

}  // namespace

void append_event_fields(fmt::memory_buffer& out, const EventLayout& layout,
                         std::span<const uint8_t> record) {
    std::string_view before;
    for (const EventValue& value : read_event(layout, record)) {
        append(out, "{}{}=", std::exchange(before, " "), value.field->name);
        append_value(out, value);
    }
}

void append_event_process(fmt::memory_buffer& out, const Packet& event, bool color) {
    const End& end = event.self.process != nullptr ? event.self : event.peer;
    if (end.process != nullptr) {
        append_process_name(out, *end.process, color);
        out.push_back(' ');
    } else {
        append_process_ends(out, event, color);
    }
}

}  // namespace packet
