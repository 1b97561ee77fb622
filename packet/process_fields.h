// SPDX-License-Identifier: GPL-2.0-only
//
// The fields of a Process, in one table: the member, its key in a packet's comment, its column. All
// code that treats the fields alike (writing and reading comments, updating a process from a file,
// the table of processes, the report) goes through this table. So a new attribute is a member in
// process.h, one line here, and the code that obtains it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "packet/process.h"
#include "packet/row.h"

namespace packet {

// Which comments have a field.
enum class InComment : uint8_t {
    kNever,
    kHost,          // every comment of a merged file, once for both ends
    kAlways,        // every comment that names the process
    kIntroduction,  // the comment that introduces the process
};

struct ProcessField {
    using Member = std::variant<std::string Process::*, RareText Process::*, uint32_t Process::*,
                                uint64_t Process::*, std::optional<uint32_t> Process::*,
                                std::optional<uint64_t> Process::*>;

    std::string_view key;  // in a comment; the report's page uses it too
    Column column;
    Member member;
    InComment in_comment;
    int place;  // in the comment, among those with the same `in_comment`
};

// In the order of the table's columns. pid comes first in every comment, before its thread.
std::span<const ProcessField> process_fields();
// The fields that a comment has, in its order.
std::span<const ProcessField* const> comment_fields(InComment which);
// The field with this key in a comment, or null.
const ProcessField* comment_field(std::string_view key);

// Returns a text as it is in the process, empty if it is not known; nullopt: the field is no text.
// Valid while the process is unchanged.
std::optional<std::string_view> text_of(const Process& process, const ProcessField& field);
// Returns the field's value, or monostate if it is not known. Valid while the process is unchanged.
Value value_of(const Process& process, const ProcessField& field);
// Returns the value of a numeric field, or nullopt if it is not known or the field is a text.
std::optional<uint64_t> number_of(const Process& process, const ProcessField& field);

// Sets the field from its text in a comment. Text that is not a number leaves a number unset.
void set_field(Process& process, const ProcessField& field, std::string_view text);

// Copies each field that is known in `recorded`, except the identity (host, pid, start); a new
// executable takes the mount namespace of the one before with it, another container the name, image
// and pod. Returns whether a field changed.
bool update(Process& process, const Process& recorded);

}  // namespace packet
