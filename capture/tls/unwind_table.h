// SPDX-License-Identifier: GPL-2.0-only
//
// Where functions begin and end, by the table that exceptions and debuggers unwind stacks with
// (.eh_frame, found by PT_GNU_EH_FRAME), which strip(1) leaves: Linux Standard Base, Core, 10.6.
#pragma once

#include <cstdint>
#include <optional>

#include "capture/tls/elf_image.h"

namespace capture::tls {

// The piece of code that an address is in: a function, or the part of one that a compiler has put
// elsewhere. Nothing: the table doesn't have it, or is written in another way than linkers do.
std::optional<CodeRange> code_range_at(const ElfImage& image, uint64_t address);

}  // namespace capture::tls
