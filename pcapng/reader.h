// SPDX-License-Identifier: GPL-2.0-only
//
// Reader: the blocks of a pcapng file one after the other, in either byte order, any number of
// sections, any tool's. Trusts no length: a block over kMaxBlockSize is refused, and one that is
// cut or contradicts itself ends the file with an Error that names the byte offset; everything
// before it has been returned. Owns its input and the memory of the blocks it returns, which are
// valid until the next call. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

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

    // The next block; nullopt at the end of the file. After an error, the same error again.
    Result<std::optional<Block>> next();
    // The same without a copy: null at the end; valid until the next call.
    Result<const Block*> next_in_place();

    // Of the block that next() returned last: where it starts in the file, and all its bytes as
    // they stand there, so that it can be copied unchanged.
    uint64_t offset() const { return offset_; }
    std::span<const uint8_t> raw() const { return raw_; }
    ByteOrder byte_order() const { return section_.byte_order; }

  private:
    Result<bool> read_block();
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
