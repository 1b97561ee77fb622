// SPDX-License-Identifier: GPL-2.0-only
//
// TopScreen: what `pidcap top` shows on a terminal, and what keys do to it. Knows no terminal: keys
// in, lines of text out. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/top/top_row.h"
#include "cmd/top/traffic.h"

namespace cmd {

enum class TopKey : uint8_t {
    kCharacter,
    kUp,
    kDown,
    kLeft,
    kRight,
    kPageUp,
    kPageDown,
    kHome,
    kEnd,
    kEnter,
    kBackspace,
    kEscape,
    kResize,
};
struct TopKeyPress {
    TopKey key = TopKey::kCharacter;
    char character = 0;  // a byte of UTF-8
};

// A line of the screen, safe for a terminal.
struct TopLine {
    std::string text;
    bool bold = false;
    bool reverse = false;
};

class TopScreen {
  public:
    // What a key asks for beyond the screen.
    enum class Action : uint8_t {
        kNone,
        kQuit,
        kWrite,   // the packets of selected(), or no more
        kFilter,  // the processes of typed()
    };
    struct Selected {
        uint32_t process = 0;  // its number
        uint32_t pid = 0;
        bool lives = true;
    };

    // `where`: what is counted, for the first line. `filter`: the processes, as they were chosen.
    // `traffic` must outlive the screen.
    TopScreen(const Traffic& traffic, TopView view, TopSort sort, std::string where,
              std::string filter);

    Action press(TopKeyPress pressed);
    // The traffic has changed. A frozen screen stays as it is.
    void update(std::string time);
    // Shows a message until the next key. It may hold any text.
    void say(std::string message) { message_ = std::move(message); }
    void set_filter(std::string filter) { filter_ = std::move(filter); }

    // The process of the selected row, if it is of one.
    std::optional<Selected> selected() const;
    // What was entered at the last prompt.
    const std::string& typed() const { return typed_; }

    // The whole screen, at most `height` lines of at most `width` columns.
    std::vector<TopLine> lines(size_t width, size_t height);

  private:
    enum class Prompt : uint8_t { kNone, kSearch, kFilter };

    const Traffic& shown() const { return frozen_ ? *frozen_ : *traffic_; }
    void make_rows();
    void show(TopView view);
    void toggle_freeze();
    void select(size_t row);
    void move(std::ptrdiff_t rows);
    void search(bool from_next);
    Action press_in_prompt(TopKeyPress pressed);
    Action press_character(char character);
    std::string status_text() const;
    std::string bottom_text() const;
    std::vector<TopLine> table(size_t width, size_t height);

    const Traffic* traffic_;
    std::optional<Traffic> frozen_;
    TopView view_;
    TopSort sort_;
    std::string where_;
    std::string filter_;
    std::string time_;
    std::vector<TopRow> rows_;
    std::string selected_id_;
    size_t selected_ = 0;  // row
    size_t first_ = 0;     // row that is the topmost
    size_t page_ = 1;      // rows on the screen
    size_t skipped_columns_ = 0;
    bool shows_help_ = false;
    Prompt prompt_ = Prompt::kNone;
    std::string typed_;
    std::string searched_;
    std::string message_;
};

}  // namespace cmd
