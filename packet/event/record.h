// SPDX-License-Identifier: GPL-2.0-only
//
// An event's record: reading its values by its layout, and making one. Numbers are little-endian,
// whatever the byte order of the file: tools that rewrite a file leave a packet's bytes alone. A
// record that is read is hostile input; views point into it. One thread a record.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "packet/dissect/address.h"
#include "packet/event/layout.h"

namespace packet {

struct EventAddress {
    Address address;
    std::optional<uint16_t> port = {};  // a socket address has one

    bool operator==(const EventAddress&) const = default;
};

// One value. uint64_t: unsigned numbers and pointers. string_view: any bytes without NUL.
struct EventValue {
    const EventField* field = nullptr;
    std::variant<uint64_t, int64_t, std::string_view, std::span<const uint8_t>, EventAddress> value;
};

// Returns the values in the order of the layout, which has to outlive them. Left out: a field, or
// what its locator names, that isn't wholly within the record; an empty text or piece; a socket
// address that is neither IPv4 nor IPv6.
std::vector<EventValue> read_event(const EventLayout& layout, std::span<const uint8_t> record);

// Returns the number of the field with this name; nullopt if there is none, or it isn't unsigned.
std::optional<uint64_t> number_in(const std::vector<EventValue>& values, std::string_view field);

// Returns the name of the value's number, or an empty text.
std::string_view value_name(const EventValue& value);

// Returns a text for people: a number's name, else the number, a pointer in hexadecimal;
// 192.0.2.1:80, [2001:db8::1]:80; bytes in hexadecimal; a text as it is, any bytes.
std::string value_text(const EventValue& value);

// Makes records of one layout. Asserts that the layout has each field, of a kind that fits.
class EventRecord {
  public:
    explicit EventRecord(std::shared_ptr<const EventLayout> layout);

    // Sets every number to 0 and every text to empty.
    void clear();

    // Each field is set at most once between two clear(). u, s, ptr: the lower bytes count.
    void set_number(std::string_view field, uint64_t value);
    // str, chars: what doesn't fit is cut off.
    void set_text(std::string_view field, std::string_view text);
    // dyn, bytes: likewise.
    void set_bytes(std::string_view field, std::span<const uint8_t> bytes);
    // ip4, ip6: an address of that family. sock: either.
    void set_address(std::string_view field, const EventAddress& address);

    // Valid until the next change.
    std::span<const uint8_t> bytes() const { return bytes_; }

  private:
    const EventField& find(std::string_view name) const;
    void set(const EventField& field, std::span<const uint8_t> bytes);

    std::shared_ptr<const EventLayout> layout_;
    std::vector<uint8_t> bytes_;
};

}  // namespace packet
