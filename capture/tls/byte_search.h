// SPDX-License-Identifier: GPL-2.0-only
//
// Searches an ELF file's data for bytes.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capture/tls/elf_image.h"

namespace capture::tls {

// The address of the first place with these bytes that `wanted` holds for; segments without code
// come first.
std::optional<uint64_t> find_bytes(const ElfImage& image, std::span<const uint8_t> bytes,
                                   const std::function<bool(uint64_t address)>& wanted);

// The addresses of the places where a NUL-ended text stands that nothing writes to, at most a few.
std::vector<uint64_t> find_texts(const ElfImage& image, std::string_view text);

// The version behind the first `prefix` that a digit follows, as in "OpenSSL 3.0.19 27 Jan 2026":
// letters, digits, points, plus and minus. Empty if there is none.
std::string version_after(const ElfImage& image, std::string_view prefix);

// Calls `found` with each place in `bytes` where `text` stands.
void each_place(std::span<const uint8_t> bytes, std::span<const uint8_t> text,
                const std::function<void(size_t place)>& found);

inline std::span<const uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace capture::tls
