// SPDX-License-Identifier: GPL-2.0-only
//
// KernelSymbols: the functions of the kernel and its modules by their addresses, as they were when
// /proc/kallsyms was read. One thread.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pcapng/result.h"

namespace capture {

class KernelSymbols {
  public:
    // Reads /proc/kallsyms. Without CAP_SYSLOG the kernel may hide the addresses: then it is empty.
    static pcapng::Result<KernelSymbols> read();
    // Reads lines such as "ffffffff81000000 T name [module]". Ignores others.
    static KernelSymbols parse(std::istream& lines);

    bool empty() const { return functions_.empty(); }
    // Returns the function that the address lies in, or an empty text. Valid as long as this
    // object.
    std::string_view function_at(uint64_t address) const;

  private:
    std::vector<std::pair<uint64_t, uint32_t>> functions_;  // address, begin of its name; sorted
    std::string names_;                                     // each ended by a NUL
};

}  // namespace capture
