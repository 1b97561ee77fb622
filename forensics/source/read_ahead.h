// SPDX-License-Identifier: GPL-2.0-only
//
// ReadAhead: the blocks of a pcapng file in order, which a thread of its own reads and parses
// ahead. The thread fills batches of blocks, each with the bytes that its blocks point into; they
// go round in a ring between the two threads, so memory is bounded: 4 MiB, and the largest block if
// that is more. The thread knows nothing but the Reader, and ends with the file, an error, or this
// object. All members are called by one thread.
//
// The thread begins only once the file has proved to be longer than 1 MiB. Until then, and for good
// without start(), each block is read by the caller when it asks for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "packet/keyed_hash.h"
#include "pcapng/read_blocks.h"
#include "pcapng/reader.h"
#include "pcapng/result.h"

namespace forensics {

class ReadAhead {
  public:
    // A block, and what the Reader says of it.
    struct Read {
        pcapng::Block block;
        uint64_t comment_hash = 0;  // of a packet's comment, if it has one
        uint64_t offset = 0;
        std::span<const uint8_t> raw = {};
        pcapng::ByteOrder byte_order = pcapng::ByteOrder::kLittle;
        std::string problem = {};
    };

    ReadAhead(pcapng::Reader reader, const packet::KeyedHash& comment_hash);
    ~ReadAhead();
    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;

    // Allows the thread, if this process may run on more than one CPU. Only for an input whose
    // reads don't wait for anybody, such as a file, as the thread's last read is waited for; not
    // for memory.
    void start();

    // Returns the next block, or null at the end. Valid until the next call. Errors as the
    // Reader's: after one, every call returns it.
    pcapng::Result<const Read*> next();

  private:
    class Thread;

    pcapng::Result<const Read*> next_alone();
    pcapng::Result<const Read*> next_of_batch();

    pcapng::Reader reader_;  // the thread's, once there is one
    packet::KeyedHash comment_hash_;
    Read read_;  // the last one, while there is no thread
    bool may_start_ = false;
    std::unique_ptr<Thread> thread_;
    std::span<const Read> batch_;  // what is left of it
};

}  // namespace forensics
