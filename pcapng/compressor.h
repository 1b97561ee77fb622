// SPDX-License-Identifier: GPL-2.0-only
//
// Compressor: what an Output passes its bytes through on their way to the file. It may hold bytes
// back until flush() or end(). One thread calls it; it may use others of its own.
#pragma once

#include <cstdint>
#include <span>

#include "pcapng/encode.h"
#include "pcapng/result.h"

namespace pcapng {

class Compressor {
  public:
    virtual ~Compressor() = default;
    // Takes `bytes`, and appends to `out` what is ready.
    virtual Result<void> add(std::span<const uint8_t> bytes, ByteBuffer& out) = 0;
    // Appends everything that was held back: a reader of the file so far sees all bytes. Called
    // only after add() had some.
    virtual Result<void> flush(ByteBuffer& out) = 0;
    // The same, and ends the compressed data. Nothing may be called after it.
    virtual Result<void> end(ByteBuffer& out) = 0;
};

}  // namespace pcapng
