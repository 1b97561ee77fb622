// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/top_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "packet/line/display_width.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

constexpr std::array<std::string_view, 19> kKeys = {
    "p  processes                 t  tree: each process with what it has started",
    "c  conversations             r  remote addresses",
    "s  sort by the next of: rate, out, in, packets, total, retransmissions, rtt,",
    "   cpu, memory, pid, name    S  by the one before",
    "Up Down PgUp PgDn Home End   select a row",
    "Left Right                   columns that don't fit",
    "/  search, n  again          f  choose processes, as --process does; none: all",
    "w  write the packets of the selected process to a file, or end that",
    "space  freeze, and go on     q  quit",
    "",
    "OUT/s IN/s  bytes sent and received by the process in a second (K is 1024)",
    "PKT/s       packets, both ways",
    "CONV        conversations with packets in this interval",
    "RETR        TCP segments sent again, since the start",
    "RTT         smoothed round trip of the connection with the most packets",
    "CPU% MEM    of the process: 100 is one CPU; resident memory",
    "PLACE       container, else systemd unit, else user",
    "",
    "Any key goes back.",
};

template <size_t kCount, typename T>
std::string_view word_of(const std::array<std::pair<std::string_view, T>, kCount>& words, T value) {
    const auto found =
        std::ranges::find(words, value, [](const auto& word) { return word.second; });
    return found != words.end() ? found->first : std::string_view();
}

bool contains(const TopRow& row, const std::string& text) {
    const std::string pid = std::to_string(row.pid);
    const std::string* const texts[] = {&row.name,     &row.place,  &row.command, &row.local,
                                        &row.protocol, &row.remote, &row.peer};
    return pid == text || std::ranges::any_of(texts, [&](const std::string* each) {
               return each->find(text) != std::string::npos;
           });
}

}  // namespace

TopScreen::TopScreen(const Traffic& traffic, TopView view, TopSort sort, std::string where,
                     std::string filter)
    : traffic_(&traffic),
      view_(view),
      sort_(sort),
      where_(std::move(where)),
      filter_(std::move(filter)) {}

void TopScreen::update(std::string time) {
    if (!frozen_) {
        time_ = std::move(time);
        make_rows();
    }
}

// The selection stays on its row wherever that goes. Without one the first row is selected, which
// may be another one each time.
void TopScreen::make_rows() {
    rows_ = top_rows(shown(), view_, sort_);
    const auto found = std::ranges::find(rows_, selected_id_, &TopRow::id);
    if (!selected_id_.empty() && found != rows_.end()) {
        selected_ = static_cast<size_t>(found - rows_.begin());
    } else {
        selected_ = std::min(selected_, rows_.empty() ? 0 : rows_.size() - 1);
        selected_id_.clear();
    }
}

void TopScreen::show(TopView view) {
    view_ = view;
    selected_ = first_ = 0;
    selected_id_.clear();
    skipped_columns_ = 0;
    make_rows();
}

void TopScreen::select(size_t row) {
    if (!rows_.empty()) {
        selected_ = std::min(row, rows_.size() - 1);
        selected_id_ = rows_[selected_].id;
    }
}

void TopScreen::move(std::ptrdiff_t rows) {
    const auto at = static_cast<std::ptrdiff_t>(selected_) + rows;
    select(static_cast<size_t>(std::max<std::ptrdiff_t>(at, 0)));
}

void TopScreen::toggle_freeze() {
    if (frozen_) {
        frozen_.reset();
    } else {
        frozen_ = *traffic_;
    }
    make_rows();
}

void TopScreen::search(bool from_next) {
    for (size_t i = 0; i < rows_.size() && !searched_.empty(); i++) {
        const size_t row = (selected_ + i + (from_next ? 1 : 0)) % rows_.size();
        if (contains(rows_[row], searched_)) {
            select(row);
            return;
        }
    }
    message_ = searched_.empty() ? "nothing to search for: / asks"
                                 : fmt::format("nothing here has {} in it", searched_);
}

TopScreen::Action TopScreen::press_in_prompt(TopKeyPress pressed) {
    switch (pressed.key) {
        case TopKey::kEscape:
            prompt_ = Prompt::kNone;
            break;
        case TopKey::kBackspace:
            // A whole character of UTF-8.
            while (!typed_.empty() && (static_cast<uint8_t>(typed_.back()) & 0xc0) == 0x80) {
                typed_.pop_back();
            }
            if (!typed_.empty()) {
                typed_.pop_back();
            }
            break;
        case TopKey::kEnter: {
            const Prompt answered = std::exchange(prompt_, Prompt::kNone);
            if (answered == Prompt::kFilter) {
                return Action::kFilter;
            }
            searched_ = typed_;
            search(false);
            break;
        }
        case TopKey::kCharacter:
            typed_ += pressed.character;
            break;
        default:
            break;
    }
    return Action::kNone;
}

TopScreen::Action TopScreen::press_character(char character) {
    const auto sort_by = [&](size_t distance) {
        const auto at =
            std::ranges::find(kTopSorts, sort_, [](const auto& each) { return each.second; });
        const auto now = static_cast<size_t>(at - kTopSorts.begin());
        sort_ = kTopSorts[(now + distance) % kTopSorts.size()].second;
        make_rows();
    };
    switch (character) {
        case 'q':
            return Action::kQuit;
        case 'w':
            return Action::kWrite;
        case 'p':
            show(TopView::kProcesses);
            break;
        case 't':
            show(TopView::kTree);
            break;
        case 'c':
            show(TopView::kConversations);
            break;
        case 'r':
            show(TopView::kRemotes);
            break;
        case 's':
            sort_by(1);
            break;
        case 'S':
            sort_by(kTopSorts.size() - 1);
            break;
        case ' ':
            toggle_freeze();
            break;
        case '/':
        case 'f':
            prompt_ = character == '/' ? Prompt::kSearch : Prompt::kFilter;
            typed_.clear();
            break;
        case 'n':
            search(true);
            break;
        case '?':
        case 'h':
            shows_help_ = true;
            break;
        default:
            break;
    }
    return Action::kNone;
}

TopScreen::Action TopScreen::press(TopKeyPress pressed) {
    if (pressed.key == TopKey::kResize) {
        return Action::kNone;
    }
    message_.clear();
    if (prompt_ != Prompt::kNone) {
        return press_in_prompt(pressed);
    }
    if (std::exchange(shows_help_, false)) {
        return Action::kNone;
    }
    const auto page = static_cast<std::ptrdiff_t>(page_);
    switch (pressed.key) {
        case TopKey::kCharacter:
            return press_character(pressed.character);
        case TopKey::kUp:
            move(-1);
            break;
        case TopKey::kDown:
            move(1);
            break;
        case TopKey::kPageUp:
            move(-page);
            break;
        case TopKey::kPageDown:
            move(page);
            break;
        case TopKey::kHome:
            select(0);
            break;
        case TopKey::kEnd:
            select(rows_.empty() ? 0 : rows_.size() - 1);
            break;
        case TopKey::kLeft:
            skipped_columns_ -= skipped_columns_ > 0 ? 1 : 0;
            break;
        case TopKey::kRight:
            skipped_columns_++;
            break;
        default:
            break;
    }
    return Action::kNone;
}

std::optional<TopScreen::Selected> TopScreen::selected() const {
    if (selected_ >= rows_.size() || !rows_[selected_].process) {
        return std::nullopt;
    }
    const TopRow& row = rows_[selected_];
    return Selected{*row.process, row.pid, !(row.usage && row.usage->ended)};
}

std::string TopScreen::status_text() const {
    const Traffic& traffic = shown();
    const capture::Counts& latest = traffic.latest();
    const auto rate = [&](const capture::Amount& amount) {
        return latest.seconds > 0 ? short_size(static_cast<double>(amount.bytes) / latest.seconds)
                                  : std::string("0");
    };
    std::string text = fmt::format("out {}/s, in {}/s", rate(latest.out + latest.loopback),
                                   rate(latest.in + latest.loopback));
    if (latest.left_out.packets > 0) {
        text += fmt::format(", of that left out {}/s", rate(latest.left_out));
    }
    text += fmt::format(", {} packets not counted", traffic.uncounted().packets);
    if (!filter_.empty()) {
        text += "; " + packet::printable(filter_);
    }
    return text;
}

std::string TopScreen::bottom_text() const {
    if (prompt_ != Prompt::kNone) {
        return fmt::format("{}: {}_", prompt_ == Prompt::kSearch ? "search" : "processes",
                           packet::printable(typed_));
    }
    if (!message_.empty()) {
        return packet::printable(message_);
    }
    return "? help  p processes  t tree  c conv  r remotes  s sort  / search  w write  q end";
}

std::vector<TopLine> TopScreen::table(size_t width, size_t height) {
    std::vector<TopLine> lines;
    page_ = std::max<size_t>(height, 2) - 1;
    first_ = std::min(first_, rows_.size() > page_ ? rows_.size() - page_ : 0);
    first_ = std::clamp(first_, selected_ < page_ ? 0 : selected_ - page_ + 1, selected_);
    // The first two columns say which row it is.
    std::vector<Heading> headings;
    const auto all = top_headings(view_);
    const size_t fixed = view_ == TopView::kRemotes ? 1 : 2;
    skipped_columns_ = std::min(skipped_columns_, all.size() - fixed - 1);
    const auto is_skipped = [&](size_t column) {
        return column >= fixed && column < fixed + skipped_columns_;
    };
    for (size_t i = 0; i < all.size(); i++) {
        if (!is_skipped(i)) {
            headings.push_back(all[i]);
        }
    }
    const size_t count = std::min(page_, rows_.size() - std::min(first_, rows_.size()));
    const CellRows cells{count, [&](size_t row) {
                             auto made = top_cells(rows_[first_ + row], view_, shown().seconds());
                             const auto from = made.begin() + static_cast<std::ptrdiff_t>(fixed);
                             made.erase(from, from + static_cast<std::ptrdiff_t>(skipped_columns_));
                             return made;
                         }};
    print_table(headings, cells, width, false, [&](std::string_view line) {
        line.remove_suffix(1);  // its break
        const bool is_heading = lines.empty();
        const bool is_selected = !is_heading && first_ + lines.size() - 1 == selected_;
        lines.push_back({std::string(line), is_heading, is_selected});
        return lines.size() < height;
    });
    return lines;
}

std::vector<TopLine> TopScreen::lines(size_t width, size_t height) {
    std::vector<TopLine> all;
    const auto add = [&](std::string_view text, bool bold = false) {
        all.push_back({std::string(packet::fit_to_width(text, width)), bold});
    };
    add(fmt::format("pidcap top  {}  {}{}", time_, packet::printable(where_),
                    frozen_ ? "  FROZEN" : ""),
        true);
    add(status_text());
    add(fmt::format("{} by {}: {}", word_of(kTopViews, view_), word_of(kTopSorts, sort_),
                    rows_.size()));
    constexpr size_t kOthers = 4;  // lines above and below the table
    const size_t left = height > kOthers ? height - kOthers : 0;
    if (shows_help_) {
        for (const std::string_view line : kKeys) {
            if (all.size() + 1 < height) {
                add(line);
            }
        }
    } else if (left > 0) {
        for (TopLine& line : table(width, left)) {
            all.push_back(std::move(line));
        }
    }
    all.resize(std::max<size_t>(height, 1) - 1);
    add(bottom_text());
    return all;
}

}  // namespace cmd
