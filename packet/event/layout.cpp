// SPDX-License-Identifier: GPL-2.0-only
#include "packet/event/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "packet/comment.h"

namespace packet {
namespace {

constexpr std::string_view kVersion = "pidcap layout 1";

// The size of struct sockaddr_in and of struct sockaddr_storage.
constexpr uint32_t kMinSocketAddress = 16;
constexpr uint32_t kMaxSocketAddress = 128;

// By FieldKind.
constexpr std::array<std::string_view, 10> kKinds = {"u",    "s",   "ptr", "ip4",   "ip6",
                                                     "sock", "str", "dyn", "chars", "bytes"};

std::optional<FieldKind> kind_of(std::string_view word) {
    const auto* found = std::find(kKinds.begin(), kKinds.end(), word);
    if (found == kKinds.end()) {
        return std::nullopt;
    }
    return static_cast<FieldKind>(found - kKinds.begin());
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_identifier(std::string_view name) {
    return !name.empty() && is_letter(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

bool is_number(FieldKind kind) {
    return kind == FieldKind::kUnsigned || kind == FieldKind::kSigned ||
           kind == FieldKind::kPointer;
}

bool is_size_of(FieldKind kind, uint32_t size) {
    switch (kind) {
        case FieldKind::kUnsigned:
        case FieldKind::kSigned:
        case FieldKind::kPointer:
            return size == 1 || size == 2 || size == 4 || size == 8;
        case FieldKind::kIp4:
            return size == 4;
        case FieldKind::kIp6:
            return size == 16;
        case FieldKind::kSocketAddress:
            return size >= kMinSocketAddress && size <= kMaxSocketAddress;
        case FieldKind::kString:
        case FieldKind::kDynamic:
            return size == kLocatorSize;
        case FieldKind::kChars:
        case FieldKind::kBytes:
            return size > 0;
    }
    return false;
}

// As a C compiler aligns the members of a struct.
uint32_t alignment(const EventField& field) {
    switch (field.kind) {
        case FieldKind::kUnsigned:
        case FieldKind::kSigned:
        case FieldKind::kPointer:
            return field.size;
        case FieldKind::kIp4:
        case FieldKind::kIp6:
        case FieldKind::kSocketAddress:
        case FieldKind::kString:
        case FieldKind::kDynamic:
            return 4;
        case FieldKind::kChars:
        case FieldKind::kBytes:
            return 1;
    }
    return 1;
}

// Takes the text before the next `separator`, without blanks around it, off `rest`.
std::string_view take(std::string_view& rest, char separator) {
    const size_t end = std::min(rest.find(separator), rest.size());
    std::string_view taken = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (taken.starts_with(' ')) {
        taken.remove_prefix(1);
    }
    while (taken.ends_with(' ')) {
        taken.remove_suffix(1);
    }
    return taken;
}

// A number as layout_text() writes it. The kind says whether it may be negative.
std::optional<uint64_t> value_number(std::string_view text, FieldKind kind) {
    if (kind == FieldKind::kSigned) {
        const std::optional<int64_t> number = parse_number<int64_t>(text);
        return number ? std::optional(static_cast<uint64_t>(*number)) : std::nullopt;
    }
    return parse_number<uint64_t>(text);
}

void parse_values(std::string_view text, EventField& field) {
    while (!text.empty() && field.values.size() < kMaxFieldValues) {
        std::string_view name = take(text, ',');
        if (name.find('=') == std::string_view::npos) {
            continue;
        }
        const std::optional<uint64_t> number = value_number(take(name, '='), field.kind);
        if (number && is_valid_value_name(name)) {
            field.values.emplace_back(*number, name);
        }
    }
}

// "NAME KIND OFFSET SIZE", and perhaps "[VALUE=NAME,…]".
std::optional<EventField> parse_field(std::string_view text) {
    EventField field;
    field.name = take(text, ' ');
    const std::optional<FieldKind> kind = kind_of(take(text, ' '));
    const std::optional<uint32_t> offset = parse_number<uint32_t>(take(text, ' '));
    const std::optional<uint32_t> size = parse_number<uint32_t>(take(text, ' '));
    if (!kind || !offset || !size) {
        return std::nullopt;
    }
    field.kind = *kind;
    field.offset = *offset;
    field.size = *size;
    if (!is_valid_field(field)) {
        return std::nullopt;
    }
    if (is_number(field.kind) && text.starts_with('[') && text.ends_with(']')) {
        parse_values(text.substr(1, text.size() - 2), field);
    }
    return field;
}

bool has_field(const EventLayout& layout, std::string_view name) {
    return std::any_of(layout.fields.begin(), layout.fields.end(),
                       [name](const EventField& field) { return field.name == name; });
}

std::string values_text(const EventField& field) {
    std::string text;
    size_t count = 0;
    for (const auto& [number, name] : field.values) {
        if (!is_valid_value_name(name) || count == kMaxFieldValues) {
            continue;
        }
        text += count++ == 0 ? " [" : ",";
        if (field.kind == FieldKind::kSigned) {
            fmt::format_to(std::back_inserter(text), "{}={}", static_cast<int64_t>(number), name);
        } else {
            fmt::format_to(std::back_inserter(text), "{}={}", number, name);
        }
    }
    return count == 0 ? text : text + "]";
}

}  // namespace

std::string_view kind_name(FieldKind kind) {
    return kKinds[static_cast<size_t>(kind)];
}

bool is_valid_field(const EventField& field) {
    return field.name.size() <= kMaxFieldName && is_identifier(field.name) &&
           is_size_of(field.kind, field.size) && field.size <= kMaxRecordSize &&
           field.offset <= kMaxRecordSize - field.size;
}

bool is_valid_value_name(std::string_view name) {
    static constexpr std::string_view kSpecial = ",;=[]";
    return !name.empty() && name.size() <= kMaxValueName &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return c > ' ' && c < '\x7f' && kSpecial.find(c) == std::string_view::npos;
           });
}

std::string layout_text(const EventLayout& layout) {
    std::string text(kVersion);
    EventLayout written;
    for (const EventField& field : layout.fields) {
        if (!is_valid_field(field) || written.fields.size() == kMaxEventFields ||
            has_field(written, field.name)) {
            continue;
        }
        const std::string place = fmt::format("; {} {} {} {}", field.name, kind_name(field.kind),
                                              field.offset, field.size);
        const std::string values = is_number(field.kind) ? values_text(field) : std::string();
        if (text.size() + place.size() > kMaxLayoutText) {
            continue;
        }
        text += place;
        text += text.size() + values.size() <= kMaxLayoutText ? values : std::string();
        written.fields.push_back({.name = field.name});
    }
    return text;
}

std::optional<EventLayout> parse_layout(std::string_view text) {
    if (text.size() > kMaxLayoutText || take(text, ';') != kVersion) {
        return std::nullopt;
    }
    EventLayout layout;
    while (!text.empty() && layout.fields.size() < kMaxEventFields) {
        std::optional<EventField> field = parse_field(take(text, ';'));
        if (field && !has_field(layout, field->name)) {
            layout.fields.push_back(*std::move(field));
        }
    }
    return layout;
}

EventLayout lay_out(std::vector<EventField> fields) {
    uint32_t end = 0;
    for (EventField& field : fields) {
        const uint32_t align = alignment(field);
        field.offset = (end + align - 1) / align * align;
        end = field.offset + field.size;
    }
    return {std::move(fields)};
}

uint32_t fixed_size(const EventLayout& layout) {
    uint32_t end = 0;
    for (const EventField& field : layout.fields) {
        end = std::max(end, field.offset + field.size);
    }
    return end;
}

std::string_view value_name(const EventField& field, uint64_t number) {
    const auto found = std::find_if(field.values.begin(), field.values.end(),
                                    [number](const auto& each) { return each.first == number; });
    return found != field.values.end() ? std::string_view(found->second) : std::string_view();
}

}  // namespace packet
