// SPDX-License-Identifier: GPL-2.0-only
//
// Functions of a Go program by name. Its table of functions serves the Go runtime, so that strip(1)
// leaves it: https://go.dev/s/go12symtab, and runtime/symtab.go for what each version of Go
// changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "capture/tls/elf_image.h"

namespace capture::tls {

struct GoTable {
    uint64_t address = 0;
    bool has_offsets = false;  // since Go 1.18; before, functions had addresses
};
// The table of a program of Go 1.16 or later; none for one that isn't Go.
std::optional<GoTable> find_go_table(const ElfImage& image);

// The code of a function of this name, if the table has it.
std::optional<CodeRange> find_go_function(const ElfImage& image, const GoTable& table,
                                          std::string_view name);

// What the linker wrote down: "1.19.8"; empty if that isn't there.
std::string go_version(const ElfImage& image);

}  // namespace capture::tls
