// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/options.h"

namespace pcapng {

Options::Iterator Options::Iterator::operator++(int) {
    Iterator before = *this;
    ++*this;
    return before;
}

Options::Iterator Options::last() const {
    Iterator iterator = begin();
    while (iterator != end()) {
        ++iterator;
    }
    return iterator;
}

bool Options::damaged() const {
    return last().damaged_;
}

std::span<const uint8_t> Options::after_end() const {
    return last().rest_;
}

std::optional<std::span<const uint8_t>> Options::find(uint16_t code) const {
    for (const Option& option : *this) {
        if (option.code == code) {
            return option.value;
        }
    }
    return std::nullopt;
}

std::optional<uint32_t> Options::find_u32(uint16_t code) const {
    const auto value = find(code);
    if (!value.has_value() || value->size() != sizeof(uint32_t)) {
        return std::nullopt;
    }
    return decode<uint32_t>(*value, order_);
}

std::optional<uint64_t> Options::find_u64(uint16_t code) const {
    const auto value = find(code);
    if (!value.has_value() || value->size() != sizeof(uint64_t)) {
        return std::nullopt;
    }
    return decode<uint64_t>(*value, order_);
}

std::optional<uint64_t> Options::find_time(uint16_t code) const {
    const auto value = find(code);
    if (!value.has_value() || value->size() != sizeof(uint64_t)) {
        return std::nullopt;
    }
    return Cursor(*value, order_).time();
}

std::string_view Options::find_text(uint16_t code) const {
    const auto value = find(code);
    return value.has_value() ? option_text(*value) : std::string_view();
}

}  // namespace pcapng
