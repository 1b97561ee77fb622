// SPDX-License-Identifier: GPL-2.0-only
#include "packet/event/record.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "pcapng/decode.h"

namespace packet {
namespace {

using Bytes = std::span<const uint8_t>;

// Where struct sockaddr_in and sockaddr_in6 have port and address.
constexpr size_t kSocketPort = 2;
constexpr size_t kSocketIp4 = 4;
constexpr size_t kSocketIp6 = 8;
constexpr size_t kIp4Size = 4;
constexpr size_t kIp6Size = 16;

uint64_t little_endian(Bytes bytes) {
    uint64_t number = 0;
    for (size_t i = bytes.size(); i > 0; --i) {
        number = number << 8 | bytes[i - 1];
    }
    return number;
}

int64_t sign_extended(uint64_t number, size_t size) {
    const size_t unused = 64 - 8 * size;
    return static_cast<int64_t>(number << unused) >> unused;
}

std::string_view until_nul(Bytes bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return text.substr(0, text.find('\0'));
}

Address address_in(Bytes bytes) {
    return address_of(std::as_bytes(bytes));
}

std::optional<EventAddress> socket_address(Bytes bytes) {
    const uint64_t family = little_endian(bytes.first(kSocketPort));
    const bool is_ip6 = family == AF_INET6;
    const size_t start = is_ip6 ? kSocketIp6 : kSocketIp4;
    const size_t size = is_ip6 ? kIp6Size : kIp4Size;
    if ((family != AF_INET && !is_ip6) || bytes.size() < start + size) {
        return std::nullopt;
    }
    return EventAddress{
        .address = address_in(bytes.subspan(start, size)),
        .port = pcapng::decode<uint16_t>(bytes.subspan(kSocketPort), pcapng::ByteOrder::kBig)};
}

// Returns what the locator names, or nothing if it isn't wholly within the record.
Bytes located(Bytes locator, Bytes record) {
    const uint64_t number = little_endian(locator);
    const size_t at = number & 0xffff;
    const size_t size = number >> 16;
    if (at > record.size() || size > record.size() - at) {
        return {};
    }
    return record.subspan(at, size);
}

// Returns nothing for what read_event() leaves out. `bytes`: those of the field.
std::optional<EventValue> read_value(const EventField& field, Bytes bytes, Bytes record) {
    EventValue value{.field = &field, .value = {}};
    switch (field.kind) {
        case FieldKind::kUnsigned:
        case FieldKind::kPointer:
            value.value = little_endian(bytes);
            return value;
        case FieldKind::kSigned:
            value.value = sign_extended(little_endian(bytes), bytes.size());
            return value;
        case FieldKind::kIp4:
        case FieldKind::kIp6:
            value.value = EventAddress{.address = address_in(bytes)};
            return value;
        case FieldKind::kSocketAddress: {
            const std::optional<EventAddress> address = socket_address(bytes);
            if (!address) {
                return std::nullopt;
            }
            value.value = *address;
            return value;
        }
        case FieldKind::kString:
        case FieldKind::kChars: {
            const std::string_view text =
                until_nul(field.kind == FieldKind::kString ? located(bytes, record) : bytes);
            if (text.empty()) {
                return std::nullopt;
            }
            value.value = text;
            return value;
        }
        case FieldKind::kDynamic:
        case FieldKind::kBytes: {
            const Bytes piece = field.kind == FieldKind::kDynamic ? located(bytes, record) : bytes;
            if (piece.empty()) {
                return std::nullopt;
            }
            value.value = piece;
            return value;
        }
    }
    return std::nullopt;
}

struct TextOf {
    const EventField& field;

    std::string operator()(uint64_t number) const {
        return field.kind == FieldKind::kPointer ? fmt::format("{:#x}", number)
                                                 : fmt::format("{}", number);
    }
    std::string operator()(int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(std::string_view text) const { return std::string(text); }
    std::string operator()(Bytes bytes) const {
        return fmt::format("{:02x}", fmt::join(bytes, ""));
    }
    std::string operator()(const EventAddress& address) const {
        return address.port ? to_text(address.address, *address.port) : to_text(address.address);
    }
};

}  // namespace

std::vector<EventValue> read_event(const EventLayout& layout, Bytes record) {
    std::vector<EventValue> values;
    values.reserve(layout.fields.size());
    for (const EventField& field : layout.fields) {
        if (field.offset > record.size() || field.size > record.size() - field.offset) {
            continue;
        }
        if (const std::optional<EventValue> value =
                read_value(field, record.subspan(field.offset, field.size), record)) {
            values.push_back(*value);
        }
    }
    return values;
}

std::optional<uint64_t> number_in(const std::vector<EventValue>& values, std::string_view field) {
    for (const EventValue& value : values) {
        const auto* number = std::get_if<uint64_t>(&value.value);
        if (value.field->name == field && number != nullptr) {
            return *number;
        }
    }
    return std::nullopt;
}

std::string_view value_name(const EventValue& value) {
    if (const auto* number = std::get_if<uint64_t>(&value.value)) {
        return value_name(*value.field, *number);
    }
    if (const auto* number = std::get_if<int64_t>(&value.value)) {
        return value_name(*value.field, static_cast<uint64_t>(*number));
    }
    return {};
}

std::string value_text(const EventValue& value) {
    const std::string_view name = value_name(value);
    return name.empty() ? std::visit(TextOf{*value.field}, value.value) : std::string(name);
}

EventRecord::EventRecord(std::shared_ptr<const EventLayout> layout) : layout_(std::move(layout)) {
    clear();
}

void EventRecord::clear() {
    bytes_.assign(fixed_size(*layout_), 0);
}

const EventField& EventRecord::find(std::string_view name) const {
    const auto found = std::find_if(layout_->fields.begin(), layout_->fields.end(),
                                    [name](const EventField& each) { return each.name == name; });
    assert(found != layout_->fields.end());
    return *found;
}

// In place what the field has room for; elsewhere what a locator can reach.
void EventRecord::set(const EventField& field, Bytes bytes) {
    if (field.kind != FieldKind::kString && field.kind != FieldKind::kDynamic) {
        std::copy_n(bytes.begin(), std::min<size_t>(bytes.size(), field.size),
                    bytes_.begin() + field.offset);
        return;
    }
    const size_t at = bytes_.size();
    const size_t size = std::min<size_t>(bytes.size(), kMaxRecordSize - at);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    const uint64_t locator = at | size << 16;
    for (size_t i = 0; i < kLocatorSize; ++i) {
        bytes_[field.offset + i] = static_cast<uint8_t>(locator >> (8 * i));
    }
}

void EventRecord::set_number(std::string_view name, uint64_t value) {
    const EventField& field = find(name);
    assert(field.kind == FieldKind::kUnsigned || field.kind == FieldKind::kSigned ||
           field.kind == FieldKind::kPointer);
    std::array<uint8_t, sizeof(value)> bytes{};
    for (size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<uint8_t>(value >> (8 * i));
    }
    set(field, bytes);
}

void EventRecord::set_text(std::string_view name, std::string_view text) {
    const EventField& field = find(name);
    assert(field.kind == FieldKind::kString || field.kind == FieldKind::kChars);
    set(field, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

void EventRecord::set_bytes(std::string_view name, Bytes bytes) {
    const EventField& field = find(name);
    assert(field.kind == FieldKind::kDynamic || field.kind == FieldKind::kBytes);
    set(field, bytes);
}

void EventRecord::set_address(std::string_view name, const EventAddress& address) {
    const EventField& field = find(name);
    const size_t length = address.address.length;
    std::array<uint8_t, kSocketIp6 + kIp6Size + sizeof(uint32_t)> bytes{};  // sockaddr_in6
    size_t start = 0;
    if (field.kind == FieldKind::kSocketAddress) {
        bytes[0] = length == kIp6Size ? AF_INET6 : AF_INET;
        bytes[kSocketPort] = static_cast<uint8_t>(address.port.value_or(0) >> 8);
        bytes[kSocketPort + 1] = static_cast<uint8_t>(address.port.value_or(0));
        start = length == kIp6Size ? kSocketIp6 : kSocketIp4;
        assert(start + length <= field.size);
    } else {
        assert(field.kind == FieldKind::kIp4 || field.kind == FieldKind::kIp6);
        assert(length == field.size);
    }
    std::copy_n(address.address.bytes.begin(), length,
                bytes.begin() + static_cast<ptrdiff_t>(start));
    set(field, bytes);
}

}  // namespace packet
