// SPDX-License-Identifier: GPL-2.0-only
//
// Where a file calls a function. Scans all bytes of code: on x86, what is found may be no
// instruction at all.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "capture/tls/disassembler.h"
#include "capture/tls/elf_image.h"

namespace capture::tls {

// The addresses of the instructions that call the function at an address, in order, at most a few.
std::vector<uint64_t> find_calls_of(const ElfImage& image, Disassembler& disassembler,
                                    uint64_t function);

// The same for a function of another file, which is called by the procedure linkage table, or by
// the pointer that the dynamic linker fills in.
std::vector<uint64_t> find_calls_of_import(const ElfImage& image, Disassembler& disassembler,
                                           std::string_view name);

}  // namespace capture::tls
