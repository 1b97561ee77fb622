// SPDX-License-Identifier: GPL-2.0-only
//
// Terminal: the terminal of `pidcap top`, by ncurses, from its opening to its end, when it is as it
// was before. Uses no colours. One a process, because ncurses has one; one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "cmd/top/top_screen.h"
#include "pcapng/result.h"

namespace cmd {

class Terminal {
  public:
    // Returns an error, with what to do instead, unless standard input and output are a terminal.
    static pcapng::Result<void> check();
    // Its text is UTF-8 if the locale of the
    // environment says so.
    static pcapng::Result<Terminal> open();

    Terminal(Terminal&& other) noexcept
        : screen_(std::exchange(other.screen_, nullptr)), is_utf8_(other.is_utf8_) {}
    Terminal& operator=(Terminal&&) = delete;
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal();

    size_t width() const;
    size_t height() const;

    // Returns the next key that was pressed, without waiting.
    std::optional<TopKeyPress> read_key();
    void draw(const std::vector<TopLine>& lines);

  private:
    Terminal(void* screen, bool is_utf8) : screen_(screen), is_utf8_(is_utf8) {}

    void* screen_;  // SCREEN of ncurses, whose macros stay out of here
    bool is_utf8_;
};

}  // namespace cmd
