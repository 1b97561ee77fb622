// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "pcapng/format.h"

namespace pcapng {
namespace {

constexpr size_t kHeadSize = 12;  // type, length, and a section header's byte-order magic

// Formats that people hand to a pcapng reader, by their first four bytes.
std::string_view other_format(uint32_t magic) {
    switch (magic) {
        case 0xA1B2C3D4:
        case 0xD4C3B2A1:
        case 0xA1B23C4D:
        case 0x4D3CB2A1:
            return "a pcap file, which names no processes; `editcap -F pcapng` converts it";
        case 0xFD2FB528:
            return "compressed; unpack it with zstd -d";
        case 0x184D2204:
            return "compressed; unpack it with lz4 -d";
        default:
            return (magic & 0xFFFF) == 0x8B1F ? "compressed; unpack it with gunzip"
                                              : "no pcapng file";
    }
}

}  // namespace

Result<Reader> Reader::open_file(const std::string& path) {
    Result<Input> input = Input::open_file(path);
    if (!input.ok()) {
        return std::move(input).error();
    }
    return Reader(std::move(input).value());
}

Reader Reader::from_fd(Fd fd, std::string name) {
    return Reader(Input::from_fd(std::move(fd), std::move(name)));
}

Reader Reader::from_memory(std::span<const uint8_t> bytes, std::string name) {
    return Reader(Input::from_memory(bytes, std::move(name)));
}

Result<std::optional<Block>> Reader::next() {
    const Result<const Block*> block = next_in_place();
    if (!block.ok()) {
        return block.error();
    }
    return *block == nullptr ? std::optional<Block>() : **block;
}

Result<const Block*> Reader::next_in_place() {
    if (!failure_.ok()) {
        return failure_.error();
    }
    input_.consume(raw_.size());
    raw_ = {};
    offset_ = input_.offset();
    const Result<bool> read = read_block();
    if (!read.ok()) {
        raw_ = {};
        failure_ = at_offset(read.error());
        return failure_.error();
    }
    return *read ? &block_ : nullptr;
}

// Reads the next block into block_. Returns false at the end of the file.
Result<bool> Reader::read_block() {
    const Result<std::span<const uint8_t>> head = input_.peek(kHeadSize);
    if (!head.ok()) {
        return head.error();
    }
    if (head->empty() && offset_ > 0) {
        return false;
    }
    const Result<size_t> length = block_length(*head);
    if (!length.ok()) {
        return length.error();
    }
    const Result<std::span<const uint8_t>> whole = input_.peek(*length);
    if (!whole.ok()) {
        return whole.error();
    }
    if (whole->size() < *length) {
        return Error{fmt::format("the block is cut: {} of {} bytes", whole->size(), *length)};
    }
    raw_ = *whole;
    if (decode<uint32_t>(raw_.last(4), section_.byte_order) != *length) {
        return Error{"the block's two lengths differ"};
    }
    const auto type = decode<uint32_t>(raw_, section_.byte_order);
    Result<void> parsed =
        parse_block(type, raw_.subspan(8, *length - kBlockOverhead), section_, block_);
    if (!parsed.ok()) {
        return std::move(parsed).error();
    }
    return true;
}

// Returns a block's length from its first bytes. A section header sets the byte order first.
Result<size_t> Reader::block_length(std::span<const uint8_t> head) {
    const bool first = offset_ == 0;
    if (first && head.size() >= 4) {
        const auto magic = decode<uint32_t>(head, ByteOrder::kLittle);
        if (magic != kSectionHeaderBlock) {  // the same in either order
            return Error{std::string(other_format(magic))};
        }
    }
    if (head.size() < kHeadSize) {
        return Error{head.empty() ? "the file is empty"
                                  : fmt::format("the block is cut: {} bytes", head.size())};
    }
    if (decode<uint32_t>(head, ByteOrder::kLittle) == kSectionHeaderBlock) {
        const auto magic = head.subspan(8);
        if (decode<uint32_t>(magic, ByteOrder::kLittle) == kByteOrderMagic) {
            section_.byte_order = ByteOrder::kLittle;
        } else if (decode<uint32_t>(magic, ByteOrder::kBig) == kByteOrderMagic) {
            section_.byte_order = ByteOrder::kBig;
        } else {
            return Error{"a section header without byte-order magic"};
        }
    }
    const auto length = decode<uint32_t>(head.subspan(4), section_.byte_order);
    if (length < kBlockOverhead || length % 4 != 0) {
        return Error{fmt::format("a block length of {}", length)};
    }
    if (length > kMaxBlockSize) {
        return Error{
            fmt::format("a block of {} bytes, at most {} are read", length, kMaxBlockSize)};
    }
    return size_t{length};
}

Error Reader::at_offset(const Error& error) const {
    return Error{fmt::format("{}, offset {}: {}", input_.name(), offset_, error.message),
                 error.code};
}

}  // namespace pcapng
