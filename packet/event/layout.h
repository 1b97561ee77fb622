// SPDX-License-Identifier: GPL-2.0-only
//
// EventLayout: where in an event's record its fields are, what they mean, and the text of all this,
// which a capture file has as the description of the event's interface. The grammar is in
// docs/file-format.md:
//     pidcap layout 1; errno u 0 4 [111=ECONNREFUSED,110=ETIMEDOUT]; peer sock 4 28; path str 32 4
// Passive data and pure functions, safe on any thread. A text comes from a file: hostile input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace packet {

// How the bytes of a field are read. Numbers are in the byte order of the file's section.
enum class FieldKind : uint8_t {
    kUnsigned,       // u: 1, 2, 4 or 8 bytes
    kSigned,         // s: likewise, two's complement
    kPointer,        // ptr: likewise, an address of the kernel
    kIp4,            // ip4: 4 bytes, network order
    kIp6,            // ip6: 16 bytes, network order
    kSocketAddress,  // sock: struct sockaddr_in or sockaddr_in6, 16 bytes or more
    kString,         // str: text elsewhere in the record, up to its first NUL
    kDynamic,        // dyn: bytes elsewhere in the record
    kChars,          // chars: text in place, up to its first NUL
    kBytes,          // bytes: bytes in place
};

// A field of kind str or dyn has 4 bytes at its offset, the kernel's __data_loc: the lower 16 bits
// are the position of its bytes in the record, the upper 16 their number.
inline constexpr uint32_t kLocatorSize = 4;

struct EventField {
    std::string name;  // [A-Za-z_][A-Za-z0-9_]*, at most kMaxFieldName bytes
    FieldKind kind = FieldKind::kUnsigned;
    uint32_t offset = 0;  // in the record
    uint32_t size = 0;
    // Names of numbers. A negative number is its two's complement of 64 bits.
    std::vector<std::pair<uint64_t, std::string>> values = {};

    bool operator==(const EventField&) const = default;
};

struct EventLayout {
    std::vector<EventField> fields;

    bool operator==(const EventLayout&) const = default;
};

inline constexpr size_t kMaxFieldName = 64;
inline constexpr size_t kMaxValueName = 64;
inline constexpr size_t kMaxEventFields = 128;
inline constexpr size_t kMaxFieldValues = 1024;  // of one field
// The end of a record: what a locator can reach.
inline constexpr uint32_t kMaxRecordSize = 0xffff;
// A layout's text has at most so many bytes, which an option of pcapng can hold.
inline constexpr size_t kMaxLayoutText = 60'000;

// "u", "s", "ptr", …: the words of a layout's text.
std::string_view kind_name(FieldKind kind);
// Returns whether a reader takes the field: its name, its size for its kind, its end.
bool is_valid_field(const EventField& field);
// Returns whether a number's name can stand in a layout: printable ASCII without blank , ; = [ ].
bool is_valid_value_name(std::string_view name);

// Returns the text. Fields and names of numbers that aren't valid, are too many, or make the text
// too long are left out, as parse_layout() would leave them out.
std::string layout_text(const EventLayout& layout);

// Returns nullopt if the text isn't a layout of this version. A field or a name of a number that
// isn't valid, is of an unknown kind, is too many or has the name of an earlier field is left out;
// the others hold.
std::optional<EventLayout> parse_layout(std::string_view text);

// Sets the offsets of fields that stand in this order, each aligned as C aligns its kind.
EventLayout lay_out(std::vector<EventField> fields);

// Returns where the fields end, without what is located elsewhere.
uint32_t fixed_size(const EventLayout& layout);

// Returns the name of the number in the field, or an empty text.
std::string_view value_name(const EventField& field, uint64_t number);

}  // namespace packet
