// SPDX-License-Identifier: GPL-2.0-only
//
// Reader: reads the blocks of any pcapng file in order: either byte order, any number of sections,
// written by any tool. Trusts no length. A file that is cut, a block whose two lengths differ, and
// a packet, section header or interface description that makes no sense or is larger than
// kMaxBlockSize end the file with an Error that names the byte offset; all blocks before it have
// been returned. Any other block that makes no sense is returned as unknown: see problem(). Owns
// its input and the memory of the blocks it returns, which are valid until the next call. One
// thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/input.h"
#include "pcapng/parse.h"
#include "pcapng/read_blocks.h"
#include "pcapng/result.h"

namespace pcapng {

class Reader {
  public:
    static Result<Reader> open_file(const std::string& path);
    static Reader from_fd(Fd fd, std::string name);
    static Reader from_memory(std::span<const uint8_t> bytes, std::string name);
    explicit Reader(Input input) : input_(std::move(input)) {}

    // Returns the next block, or nullopt at the end of the file. After an error, every call returns
    // that error.
    Result<std::optional<Block>> next();
    // Returns the next block without a copy, or null at the end. Valid until the next call.
    Result<const Block*> next_in_place();

    // The same into the caller's `block`, whose views are valid until the next call or, with
    // exchange_buffer(), for longer. Returns false at the end.
    Result<bool> next_into(Block& block);

    // Returns whether the next block can be returned without a read of the input.
    bool has_next() const;
    // Gives the caller the memory of the blocks that were returned so far for `with`, which is read
    // into from now on: they are valid as long as `with` is unchanged. Not of memory.
    void exchange_buffer(std::vector<uint8_t>& with);

    // Where the block that next() returned last starts in the file, and all of its bytes, so that
    // it can be copied unchanged.
    uint64_t offset() const { return offset_; }
    std::span<const uint8_t> raw() const { return raw_; }
    ByteOrder byte_order() const { return section_.byte_order; }
    // Says what is wrong with the block that next() returned last; empty: nothing. raw() is empty
    // if that block is larger than kMaxBlockSize.
    const std::string& problem() const { return section_.problem; }

  private:
    Result<bool> read_block(Block& block);
    Result<bool> read_past(uint32_t type, size_t length, Block& block);
    Result<size_t> block_length(std::span<const uint8_t> head);
    Error at_offset(const Error& error) const;

    Input input_;
    SectionState section_;
    Block block_;  // the last one
    uint64_t offset_ = 0;
    std::span<const uint8_t> raw_;
    Result<void> failure_;
};

}  // namespace pcapng
