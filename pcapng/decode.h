// SPDX-License-Identifier: GPL-2.0-only
//
// Decodes numbers in a section's byte order. Cursor reads forward and never past the end. The
// caller owns the bytes. Pure, safe on any thread.
#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace pcapng {

enum class ByteOrder : uint8_t { kLittle, kBig };

// Returns the number in the first sizeof(T) bytes, which must exist.
template <typename T>
T decode(std::span<const uint8_t> bytes, ByteOrder order) {
    static_assert(sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8);
    assert(bytes.size() >= sizeof(T));
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    constexpr bool kNativeIsBig = std::endian::native == std::endian::big;
    if ((order == ByteOrder::kBig) != kNativeIsBig) {
        if constexpr (sizeof(T) == 2) {
            return static_cast<T>(__builtin_bswap16(value));
        } else if constexpr (sizeof(T) == 4) {
            return static_cast<T>(__builtin_bswap32(value));
        } else if constexpr (sizeof(T) == 8) {
            return static_cast<T>(__builtin_bswap64(value));
        }
    }
    return value;
}

inline std::string_view as_text(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline constexpr size_t padded(size_t length) {
    return (length + 3) & ~size_t{3};
}

// Reads forward. After a read that found too few bytes, failed() stays true and every number is 0.
class Cursor {
  public:
    Cursor(std::span<const uint8_t> bytes, ByteOrder order) : rest_(bytes), order_(order) {}

    uint16_t u16() { return number<uint16_t>(); }
    uint32_t u32() { return number<uint32_t>(); }
    uint64_t u64() { return number<uint64_t>(); }
    // A timestamp: two 32-bit halves, the high one first in either byte order.
    uint64_t time() {
        const uint64_t high = u32();
        return (high << 32) | u32();
    }
    std::span<const uint8_t> bytes(size_t count) {
        if (count > rest_.size()) {
            failed_ = true;
            rest_ = {};
            return {};
        }
        const auto result = rest_.first(count);
        rest_ = rest_.subspan(count);
        return result;
    }
    // Returns `count` bytes and skips the padding to a multiple of four. Padding may be missing at
    // the end.
    std::span<const uint8_t> padded_bytes(size_t count) {
        const auto result = bytes(count);
        const size_t padding = padded(count) - count;
        rest_ = rest_.subspan(padding < rest_.size() ? padding : rest_.size());
        return result;
    }
    std::span<const uint8_t> rest() const { return rest_; }
    bool failed() const { return failed_; }

  private:
    template <typename T>
    T number() {
        const auto at = bytes(sizeof(T));
        return at.empty() ? T{0} : decode<T>(at, order_);
    }

    std::span<const uint8_t> rest_;
    ByteOrder order_;
    bool failed_ = false;
};

}  // namespace pcapng
