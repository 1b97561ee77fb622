// SPDX-License-Identifier: GPL-2.0-only
//
// Files that people hand to a reader of captures, but that are neither pcapng nor pcap: by their
// first bytes. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pcapng {

struct OtherFormat {
    std::string_view name;    // "compressed by xz", "a snoop file"
    std::string_view unpack;  // the command that unpacks it, "xz -dc"; empty: editcap converts it
};

// So many first bytes are looked at, if the file has them.
inline constexpr size_t kOtherFormatStart = 4096;

// Returns nothing if the format isn't known.
std::optional<OtherFormat> other_format(std::span<const uint8_t> start);

}  // namespace pcapng
