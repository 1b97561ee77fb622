// SPDX-License-Identifier: GPL-2.0-only
//
// ByteBuffer: encodes blocks, little-endian. Owns its memory, keeps it across clear(), and grows by
// doubling, so a buffer that is reused soon stops allocating. Movable; one thread at a time.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "pcapng/format.h"

namespace pcapng {

class ByteBuffer {
  public:
    ByteBuffer() = default;
    ByteBuffer(ByteBuffer&& other) noexcept
        : data_(std::move(other.data_)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    ByteBuffer& operator=(ByteBuffer&& other) noexcept {
        data_ = std::move(other.data_);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, 0);
        return *this;
    }
    ByteBuffer(const ByteBuffer&) = delete;
    ByteBuffer& operator=(const ByteBuffer&) = delete;
    ~ByteBuffer() = default;

    size_t size() const { return size_; }
    std::span<const uint8_t> view() const { return {data_.get(), size_}; }
    void clear() { size_ = 0; }
    void truncate(size_t size) {
        assert(size <= size_);
        size_ = size;
    }
    void reserve(size_t capacity) {
        if (capacity > capacity_) {
            grow(capacity);
        }
    }

    void u8(uint8_t value) { room(1)[0] = value; }
    void u16(uint16_t value) { store(room(2), value); }
    void u32(uint32_t value) { store(room(4), value); }
    void u64(uint64_t value) { store(room(8), value); }
    // Appends u32 after u32, for which there is room or not as a whole.
    template <size_t N>
    void u32s(const std::array<uint32_t, N>& values) {
        uint8_t* to = room(4 * N);
        for (const uint32_t value : values) {
            store(to, value);
            to += 4;
        }
    }
    void bytes(std::span<const uint8_t> bytes) {
        if (!bytes.empty()) {
            std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
        }
    }
    void text(std::string_view text) {
        if (!text.empty()) {
            std::memcpy(room(text.size()), text.data(), text.size());
        }
    }
    // Appends zero bytes until `length` is padded to a multiple of four.
    void pad(size_t length) {
        for (size_t i = length; i % 4 != 0; ++i) {
            u8(0);
        }
    }

    // Overwrites the number at `offset`, such as a length that is known only at the end.
    void set_u32(size_t offset, uint32_t value) {
        assert(offset + 4 <= size_);
        store(&data_[offset], value);
    }

    // Append an option ("Options"): u16 code, u16 length, value, padding. A value has at most
    // kMaxOptionSize bytes.
    void option_header(uint16_t code, size_t length) {
        assert(length <= kMaxOptionSize);
        u16(code);
        u16(static_cast<uint16_t>(length));
    }
    void option(uint16_t code, std::span<const uint8_t> value) {
        option_header(code, value.size());
        bytes(value);
        pad(value.size());
    }
    void option(uint16_t code, std::string_view value) {
        option_header(code, value.size());
        text(value);
        pad(value.size());
    }
    void option_u32(uint16_t code, uint32_t value) {
        option_header(code, 4);
        u32(value);
    }
    void option_u64(uint16_t code, uint64_t value) {
        option_header(code, 8);
        u64(value);
    }
    void end_of_options() { option_header(kOptEnd, 0); }

  private:
    template <typename T>
    static void store(uint8_t* to, T value) {
        if constexpr (std::endian::native == std::endian::little) {
            std::memcpy(to, &value, sizeof(T));
        } else {
            for (size_t i = 0; i < sizeof(T); ++i) {
                to[i] = static_cast<uint8_t>(value >> (8 * i));
            }
        }
    }
    uint8_t* room(size_t count) {
        if (count > capacity_ - size_) {
            grow(size_ + count);
        }
        return &data_[std::exchange(size_, size_ + count)];
    }
    void grow(size_t needed) {
        size_t capacity = capacity_ < 256 ? 256 : capacity_;
        while (capacity < needed) {
            capacity *= 2;
        }
        auto data = std::make_unique_for_overwrite<uint8_t[]>(capacity);
        if (size_ > 0) {
            std::memcpy(data.get(), data_.get(), size_);
        }
        data_ = std::move(data);
        capacity_ = capacity;
    }

    std::unique_ptr<uint8_t[]> data_;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

}  // namespace pcapng
