// SPDX-License-Identifier: GPL-2.0-only
//
// Options: the options of a block in a file, or the records of a name resolution block, which have
// the same form: u16 code, u16 length, value, padding; code 0 ends them. A view, to iterate over:
//     for (const Option& option : packet.options) { … }
// The iteration stops before an option that runs past the end of the block; damaged() is then true.
// The Reader owns the bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

#include "pcapng/decode.h"
#include "pcapng/format.h"

namespace pcapng {

// Returns an option's value as a text, without the NULs that some writers (Apple's tcpdump) count
// as its end.
inline std::string_view option_text(std::span<const uint8_t> value) {
    const std::string_view text = as_text(value);
    return text.substr(0, text.find_last_not_of('\0') + 1);
}

struct Option {
    uint16_t code = 0;
    std::span<const uint8_t> value = {};
    std::string_view text() const { return option_text(value); }
};

class Options {
  public:
    class Iterator {
      public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = Option;
        using difference_type = std::ptrdiff_t;
        using pointer = const Option*;
        using reference = const Option&;

        Iterator() = default;  // the end
        Iterator(std::span<const uint8_t> bytes, ByteOrder order);
        const Option& operator*() const { return option_; }
        const Option* operator->() const { return &option_; }
        Iterator& operator++();
        Iterator operator++(int);
        bool operator==(const Iterator& other) const { return at_ == other.at_; }

      private:
        friend class Options;
        std::span<const uint8_t> rest_;  // behind option_
        ByteOrder order_ = ByteOrder::kLittle;
        const uint8_t* at_ = nullptr;  // option_'s value; null at the end
        Option option_;
        bool damaged_ = false;
    };

    Options() = default;
    Options(std::span<const uint8_t> bytes, ByteOrder order) : bytes_(bytes), order_(order) {}

    Iterator begin() const { return {bytes_, order_}; }
    Iterator end() const { return {}; }

    ByteOrder byte_order() const { return order_; }
    bool damaged() const;
    // The bytes after code 0. In a name resolution block these are its options.
    std::span<const uint8_t> after_end() const;

    // Return the first option with `code`, or nullopt if there is none. Those that return a number
    // also return nullopt if the option has another length.
    std::optional<std::span<const uint8_t>> find(uint16_t code) const;
    std::optional<uint32_t> find_u32(uint16_t code) const;
    std::optional<uint64_t> find_u64(uint16_t code) const;
    std::optional<uint64_t> find_time(uint16_t code) const;  // high half first
    std::string_view find_text(uint16_t code) const;         // empty if there is none

  private:
    Iterator last() const;

    std::span<const uint8_t> bytes_ = {};
    ByteOrder order_ = ByteOrder::kLittle;
};

// Inline, because loops over the options of each packet are on the hot path.
inline Options::Iterator::Iterator(std::span<const uint8_t> bytes, ByteOrder order)
    : rest_(bytes), order_(order) {
    ++*this;
}

inline Options::Iterator& Options::Iterator::operator++() {
    constexpr size_t kHead = 4;
    at_ = nullptr;
    if (rest_.size() < kHead) {  // options may end without code 0
        damaged_ = !rest_.empty();
        rest_ = {};
        return *this;
    }
    const auto code = decode<uint16_t>(rest_, order_);
    const size_t length = decode<uint16_t>(rest_.subspan(2), order_);
    rest_ = rest_.subspan(kHead);
    const bool fits = length <= rest_.size();
    const auto value = rest_.first(fits ? length : 0);
    if (fits) {  // padding may be missing at the end
        rest_ = rest_.subspan(std::min(padded(length), rest_.size()));
    }
    if (code == kOptEnd) {  // of length 0 by the draft; not trusted
        return *this;
    }
    if (!fits) {
        damaged_ = true;
        rest_ = {};
        return *this;
    }
    option_ = {.code = code, .value = value};
    at_ = value.data();
    return *this;
}

}  // namespace pcapng
