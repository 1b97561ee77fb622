// SPDX-License-Identifier: GPL-2.0-only
//
// PrintFormat: what a tracepoint's `print fmt` says of its fields: how the kernel would print each,
// and names of numbers. It is a format of printf() with C expressions as arguments; of these only
// what is a field by itself is understood, and the names in __print_symbolic and __print_flags.
// Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace capture {

// Returns the value of a constant of the kernel's, or nullopt.
using FindConstant = std::function<std::optional<uint64_t>(const std::string& name)>;

struct PrintFormat {
    // By field: its conversion without flags, width and length, as in "d", "s", "pI4", "pISpc".
    std::map<std::string, std::string> conversions;
    // By field, in the order of the text. A negative number is its two's complement of 64 bits.
    std::map<std::string, std::vector<std::pair<uint64_t, std::string>>> values;
};

// `text` is what stands behind "print fmt: ". What can't be understood, as numbers that are
// constants without a value, is left out.
PrintFormat parse_print_format(std::string_view text, const FindConstant& find_constant);

// Returns the value of a constant expression of C: numbers, names, casts to the kernel's types,
// parentheses and the operators ~ - + << & |.
std::optional<uint64_t> evaluate_constant(std::string_view text, const FindConstant& find_constant);

}  // namespace capture
