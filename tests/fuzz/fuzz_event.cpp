// SPDX-License-Identifier: GPL-2.0-only
//
// A layout of anybody's making, a NUL, and a record: read, and written again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "packet/event/record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const uint8_t* nul = std::find(data, data + size, uint8_t{0});
    const std::string_view text(reinterpret_cast<const char*>(data),
                                static_cast<size_t>(nul - data));
    const std::span<const uint8_t> record(nul == data + size ? nul : nul + 1, data + size);
    const std::optional<packet::EventLayout> layout = packet::parse_layout(text);
    if (!layout) {
        return 0;
    }
    if (packet::parse_layout(packet::layout_text(*layout)) != layout) {
        std::abort();
    }
    size_t shown = 0;
    for (const packet::EventValue& value : packet::read_event(*layout, record)) {
        shown += packet::value_text(value).size();
    }
    // Each field shows at most all of the record, in hexadecimal.
    if (shown > packet::kMaxEventFields * (2 * record.size() + packet::kMaxValueName)) {
        std::abort();
    }
    return 0;
}
