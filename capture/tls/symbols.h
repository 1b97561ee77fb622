// SPDX-License-Identifier: GPL-2.0-only
//
// Functions of a file by name: those that it exports, and, of a program that isn't stripped, those
// of its table of symbols.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "capture/tls/elf_image.h"

namespace capture::tls {

// The addresses of those of `names` that the file exports. Keys are views of `names`.
using Symbols = std::map<std::string_view, uint64_t>;
Symbols exported_functions(const ElfImage& image, std::span<const std::string_view> names);

// The same for its table of symbols. Reads all of it.
Symbols functions_in_symbol_table(const ElfImage& image, std::span<const std::string_view> names);

}  // namespace capture::tls
