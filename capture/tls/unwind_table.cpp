// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/unwind_table.h"

#include <array>

namespace capture::tls {
namespace {

// DW_EH_PE_: how the header's numbers are written. pcrel | sdata4; udata4; datarel | sdata4.
constexpr std::array<uint64_t, 4> kHeader = {1, 0x1b, 0x03, 0x3b};
constexpr uint64_t kCount = 8;  // behind the pointer to .eh_frame
constexpr uint64_t kTable = 12;
constexpr uint64_t kEntry = 8;  // where code begins, and its description, from the header's address
constexpr uint64_t kMaxEntries = 10'000'000;

// A description of code: its length, the distance to what several have in common, then where the
// code begins (pcrel | sdata4), and its size.
constexpr uint64_t kBegin = 8;
constexpr uint64_t kSize = 12;

std::optional<uint64_t> signed_at(const ElfImage& image, uint64_t address) {
    const auto number = image.number_at(address, 4);
    if (!number) {
        return {};
    }
    return static_cast<uint64_t>(int64_t{static_cast<int32_t>(*number)});
}

}  // namespace

std::optional<CodeRange> code_range_at(const ElfImage& image, uint64_t address) {
    const uint64_t header = image.unwind_header();
    if (header == 0) {
        return {};
    }
    for (size_t i = 0; i < kHeader.size(); ++i) {
        if (image.number_at(header + i, 1) != kHeader[i]) {
            return {};
        }
    }
    const uint64_t count = image.number_at(header + kCount, 4).value_or(0);
    const auto begin_of = [&](uint64_t entry) {
        const auto distance = signed_at(image, header + kTable + entry * kEntry);
        return distance ? std::optional(header + *distance) : std::nullopt;
    };
    // Sorted: the last one that begins at the address or before.
    uint64_t low = 0;
    uint64_t high = count <= kMaxEntries ? count : 0;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        const auto begin = begin_of(middle);
        if (!begin) {
            return {};
        }
        if (*begin <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return {};
    }
    const auto begin = begin_of(low - 1);
    const auto distance = signed_at(image, header + kTable + (low - 1) * kEntry + 4);
    if (!begin || !distance) {
        return {};
    }
    const uint64_t description = header + *distance;
    const auto described = signed_at(image, description + kBegin);
    const auto size = image.number_at(description + kSize, 4);
    if (!described || !size || description + kBegin + *described != *begin) {
        return {};
    }
    const CodeRange range{*begin, *begin + *size};
    return range.holds(address) ? std::optional(range) : std::nullopt;
}

}  // namespace capture::tls
