// SPDX-License-Identifier: GPL-2.0-only
//
// Text to standard output or a file in large writes. A reader who left early is a quiet end,
// provided that the program ignores SIGPIPE. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "pcapng/result.h"

namespace packet {

class TextOutput {
  public:
    // `fd` belongs to the caller; `name` is for the error.
    TextOutput(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}

    // Whether each piece is written at once, because somebody may be waiting for it.
    void set_live(bool live) { enough_ = live ? 1 : kEnough; }
    // To append to; call written() after each piece.
    std::string& text() { return text_; }
    // Writes if there is enough. False: it failed, and nothing more will be written.
    bool written();
    // Writes what there is, as before a message about it. The same.
    bool flush();
    // Writes the rest. The error of a failed write; a reader who left is none.
    pcapng::Result<void> finish();

  private:
    static constexpr size_t kEnough = size_t{1} << 16;

    int fd_;
    std::string name_;
    std::string text_;
    size_t enough_ = kEnough;
    pcapng::Result<void> state_;
};

}  // namespace packet
