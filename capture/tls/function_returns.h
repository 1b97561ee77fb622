// SPDX-License-Identifier: GPL-2.0-only
//
// The instructions that end a call of a function: its returns, and those of the functions that it
// jumps to instead of calling them. When a call ends at one, the stack pointer is what it was at
// the function's entry.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/tls/disassembler.h"
#include "capture/tls/elf_image.h"
#include "capture/tls/unwind_table.h"
#include "pcapng/result.h"

namespace capture::tls {

struct FunctionReturns {
    std::vector<uint64_t> addresses;  // in order
    // All are in the function's own code, so that nobody else gets there.
    bool are_own = false;
};

// Of a function in C. The error says why they aren't all known; ENOTSUP: it jumps to where nobody
// knows, as to a function that another file may have, too.
pcapng::Result<FunctionReturns> find_returns(const ElfImage& image, Disassembler& disassembler,
                                             uint64_t function);

// Of code that only calls, as Go's does.
pcapng::Result<FunctionReturns> find_returns_in(Disassembler& disassembler,
                                                const CodeRange& function);

}  // namespace capture::tls
