// SPDX-License-Identifier: GPL-2.0-only
//
// KernelSymbols: the functions of the kernel and its modules by their addresses, as they were when
// /proc/kallsyms was read. One thread.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pcapng/result.h"

namespace capture {

struct KernelSymbol {
    uint64_t address = 0;   // 0 also if the kernel hides it
    char type = 0;          // as nm(1) has it
    std::string_view name;  // without the module's; of the line
};

// Parses a line of /proc/kallsyms, such as "ffffffff81000000 T name\t[module]". Returns nullopt if
// it isn't one.
std::optional<KernelSymbol> parse_symbol(std::string_view line);

class KernelSymbols {
  public:
    // Reads /proc/kallsyms. Without CAP_SYSLOG the kernel may hide the addresses: then it is empty.
    static pcapng::Result<KernelSymbols> read();
    // Reads lines of /proc/kallsyms. Ignores others.
    static KernelSymbols parse(std::istream& lines);

    bool empty() const { return functions_.empty(); }
    // Returns the function that the address lies in, or an empty text. Valid as long as this
    // object.
    std::string_view function_at(uint64_t address) const;
    // Returns the first address of the function of this name and the first one behind it, or
    // nullopt. Takes the time of reading all names.
    std::optional<std::pair<uint64_t, uint64_t>> addresses_of(std::string_view name) const;

  private:
    std::string_view name_of(uint32_t begin) const { return names_.data() + begin; }

    std::vector<std::pair<uint64_t, uint32_t>> functions_;  // address, begin of its name; sorted
    std::string names_;                                     // each ended by a NUL
};

}  // namespace capture
