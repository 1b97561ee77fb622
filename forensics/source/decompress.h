// SPDX-License-Identifier: GPL-2.0-only
//
// Decompresses gzip or zstd data with any number of members or frames. Whatever the input claims,
// memory stays below the 128 MiB that zstd's own program allows for a window. Damage is an error
// once everything before it has been handed out. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "pcapng/input.h"

namespace forensics {

enum class Compression : uint8_t { kGzip, kZstd };

// Recognises the compression by a file's first bytes; nullopt: none.
std::optional<Compression> compression_of(std::span<const uint8_t> start);

std::unique_ptr<pcapng::ByteSource> decompress(Compression compression, pcapng::Input packed);

}  // namespace forensics
