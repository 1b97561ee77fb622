// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "pcapng/format.h"
#include "pcapng/other_format.h"

namespace pcapng {
namespace {

constexpr size_t kHeadSize = 12;  // type, length, and a section header's byte-order magic

// What a file is that doesn't begin with a section header.
std::string describe(std::span<const uint8_t> start) {
    switch (decode<uint32_t>(start, ByteOrder::kLittle)) {
        case 0xA1B2C3D4:
        case 0xD4C3B2A1:
        case 0xA1B23C4D:
        case 0x4D3CB2A1:
            return "a pcap file, which names no processes; `editcap -F pcapng` converts it";
        default:
            break;
    }
    const std::optional<OtherFormat> format = other_format(start);
    if (!format) {
        return "no pcapng file";
    }
    return format->unpack.empty()
               ? fmt::format("{}; `editcap -F pcapng` converts it", format->name)
               : fmt::format("{}; unpack it with {}", format->name, format->unpack);
}

// The type is the same in either order.
bool is_section(std::span<const uint8_t> head) {
    return decode<uint32_t>(head, ByteOrder::kLittle) == kSectionHeaderBlock;
}

// By the magic of a section header, whose first kHeadSize bytes these are.
std::optional<ByteOrder> order_of_section(std::span<const uint8_t> head) {
    for (const ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
        if (decode<uint32_t>(head.subspan(8), order) == kByteOrderMagic) {
            return order;
        }
    }
    return std::nullopt;
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
    const Result<bool> read = next_into(block_);
    if (!read.ok()) {
        return read.error();
    }
    return *read ? &block_ : nullptr;
}

Result<bool> Reader::next_into(Block& block) {
    if (!failure_.ok()) {
        return failure_.error();
    }
    input_.consume(raw_.size());
    raw_ = {};
    section_.problem.clear();
    offset_ = input_.offset();
    Result<bool> read = read_block(block);
    if (!read.ok()) {
        raw_ = {};
        failure_ = at_offset(read.error());
        return failure_.error();
    }
    return read;
}

bool Reader::has_next() const {
    const std::span<const uint8_t> ready = input_.ready().subspan(raw_.size());
    if (ready.size() < kHeadSize) {
        return false;
    }
    const std::optional<ByteOrder> order =
        is_section(ready) ? order_of_section(ready) : section_.byte_order;
    return !order || decode<uint32_t>(ready.subspan(4), *order) <= ready.size();
}

void Reader::exchange_buffer(std::vector<uint8_t>& with) {
    input_.consume(raw_.size());
    raw_ = {};
    input_.exchange_buffer(with);
}

// Reads the next block. Returns false at the end of the file.
Result<bool> Reader::read_block(Block& block) {
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
    const auto type = decode<uint32_t>(*head, section_.byte_order);
    if (*length > kMaxBlockSize) {
        return read_past(type, *length, block);
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
    Result<void> parsed =
        parse_block(type, raw_.subspan(8, *length - kBlockOverhead), section_, block);
    if (!parsed.ok()) {
        return std::move(parsed).error();
    }
    return true;
}

// Returns a block's length from its first bytes. A section header sets the byte order first.
Result<size_t> Reader::block_length(std::span<const uint8_t> head) {
    const bool first = offset_ == 0;
    if (first && head.size() >= 4 && !is_section(head)) {
        return Error{describe(head)};
    }
    if (head.size() < kHeadSize) {
        return Error{head.empty() ? "the file is empty"
                                  : fmt::format("the block is cut: {} bytes", head.size())};
    }
    if (is_section(head)) {
        const std::optional<ByteOrder> order = order_of_section(head);
        if (!order) {
            return Error{"a section header without byte-order magic"};
        }
        section_.byte_order = *order;
    }
    const auto length = decode<uint32_t>(head.subspan(4), section_.byte_order);
    if (length < kBlockOverhead || length % 4 != 0) {
        return Error{fmt::format("a block length of {}", length)};
    }
    return size_t{length};
}

// Passes a block that is too large to be read.
Result<bool> Reader::read_past(uint32_t type, size_t length, Block& block) {
    constexpr size_t kTrailer = 4;
    constexpr size_t kStep = size_t{64} * 1024;
    std::string problem =
        fmt::format("a block of {} bytes, at most {} are read", length, kMaxBlockSize);
    if (is_essential(type)) {
        return Error{std::move(problem)};
    }
    const auto cut = [&](size_t left) {
        return Error{fmt::format("the block is cut: {} of {} bytes", length - left, length)};
    };
    for (size_t left = length; left > kTrailer;) {
        const Result<std::span<const uint8_t>> some = input_.peek(std::min(left - kTrailer, kStep));
        if (!some.ok()) {
            return some.error();
        }
        if (some->empty()) {
            return cut(left);
        }
        const size_t passed = std::min(some->size(), left - kTrailer);
        input_.consume(passed);
        left -= passed;
    }
    const Result<std::span<const uint8_t>> trailer = input_.peek(kTrailer);
    if (!trailer.ok()) {
        return trailer.error();
    }
    if (trailer->size() < kTrailer) {
        return cut(kTrailer);
    }
    if (decode<uint32_t>(*trailer, section_.byte_order) != length) {
        return Error{"the block's two lengths differ"};
    }
    input_.consume(kTrailer);
    section_.problem = std::move(problem);
    block = UnknownRead{.type = type};
    return true;
}

Error Reader::at_offset(const Error& error) const {
    return Error{fmt::format("{}, offset {}: {}", input_.name(), offset_, error.message),
                 error.code};
}

}  // namespace pcapng
