// SPDX-License-Identifier: GPL-2.0-only
//
// Piece: the bytes of one protocol layer, as far as they were captured. `length` is how long the
// layer says it is, never more than what encloses it; the captured bytes may end before. Reading
// beyond them is a bug: ask has() first. A view, cheap to copy.
#pragma once

#include <endian.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace packet {

class Piece {
  public:
    Piece() = default;
    Piece(std::span<const std::byte> captured, size_t length)
        : captured_(captured.first(std::min(captured.size(), length))), length_(length) {}

    size_t length() const { return length_; }
    std::span<const std::byte> captured() const { return captured_; }
    bool has(size_t size) const { return captured_.size() >= size; }

    // Big endian, as networks do.
    uint8_t u8(size_t at) const {
        assert(at < captured_.size());
        return std::to_integer<uint8_t>(captured_[at]);
    }
    uint16_t u16(size_t at) const { return be16toh(number<uint16_t>(at)); }
    uint32_t u32(size_t at) const { return be32toh(number<uint32_t>(at)); }
    // Little endian, as radiotap, 802.11 and PKTAP do.
    uint16_t le16(size_t at) const { return le16toh(number<uint16_t>(at)); }
    uint32_t le32(size_t at) const { return le32toh(number<uint32_t>(at)); }
    std::span<const std::byte> bytes(size_t at, size_t size) const {
        assert(has(at + size));
        return captured_.subspan(at, size);
    }

    // Without the first `size` bytes; empty if it is shorter.
    Piece after(size_t size) const {
        return {captured_.subspan(std::min(size, captured_.size())),
                length_ - std::min(size, length_)};
    }
    // At most `size` bytes of it.
    Piece first(size_t size) const { return {captured_, std::min(size, length_)}; }

  private:
    template <typename Number>
    Number number(size_t at) const {
        Number number;
        std::memcpy(&number, bytes(at, sizeof number).data(), sizeof number);
        return number;
    }

    std::span<const std::byte> captured_;
    size_t length_ = 0;
};

}  // namespace packet
