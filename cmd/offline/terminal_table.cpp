// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/terminal_table.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "packet/line/color.h"
#include "packet/line/display_width.h"
#include "packet/line/process_ends.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

constexpr size_t kGap = 2;  // between columns

// Appends a line's cells; stops at the terminal's edge.
class Line {
  public:
    Line(std::string& out, size_t width) : out_(out), width_(width) {}

    void blanks(size_t count) { pending_ += count; }
    void text(std::string_view text, std::string_view color) {
        if (text.empty()) {
            return;
        }
        used_ += pending_;
        if (width_ != 0 && used_ >= width_) {
            return;
        }
        out_.append(std::exchange(pending_, 0), ' ');
        const std::string_view fits =
            width_ == 0 ? text : packet::fit_to_width(text, width_ - used_);
        // A wide character that is cut leaves a column that stays empty.
        used_ = fits.size() == text.size() ? used_ + packet::display_width(text) : width_;
        out_ += color;
        out_ += fits;
        if (!color.empty()) {
            out_ += packet::kColorEnd;
        }
    }

  private:
    std::string& out_;
    size_t width_;
    size_t used_ = 0;
    size_t pending_ = 0;  // so that no line ends in blanks
};

}  // namespace

void print_table(std::span<const Heading> headings, const CellRows& rows, size_t width, bool color,
                 const std::function<bool(std::string_view line)>& print) {
    std::vector<size_t> widths(headings.size(), 0);
    for (size_t number = 0; number < rows.count; ++number) {
        const std::vector<Cell> row = rows.make(number);
        assert(row.size() == headings.size());
        for (size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], packet::display_width(row[i].text));
        }
    }
    std::vector<Cell> names;
    for (size_t i = 0; i < headings.size(); ++i) {
        // A column of which nothing is known is left out.
        widths[i] = widths[i] == 0 && rows.count > 0
                        ? 0
                        : std::max(widths[i], packet::display_width(headings[i].text));
        names.push_back({std::string(headings[i].text), packet::kColorBold});
    }
    std::string text;
    const auto print_row = [&](const std::vector<Cell>& row) {
        text.clear();
        Line line(text, width);
        for (size_t i = 0; i < headings.size(); ++i) {
            if (widths[i] == 0) {
                continue;
            }
            const size_t fill = widths[i] - packet::display_width(row[i].text);
            line.blanks((i == 0 ? 0 : kGap) + (headings[i].to_the_right ? fill : 0));
            line.text(row[i].text, color ? row[i].color : std::string_view());
            line.blanks(headings[i].to_the_right ? 0 : fill);
        }
        text += '\n';
        return print(text);
    };
    bool more = print_row(names);
    for (size_t number = 0; more && number < rows.count; ++number) {
        more = print_row(rows.make(number));
    }
}

size_t width_of(int fd) {
    winsize size{};
    return isatty(fd) == 1 && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

std::string cell_text(std::string_view text, size_t most) {
    std::string safe = packet::printable(text);
    if (packet::display_width(safe) > most) {
        safe = std::string(packet::fit_to_width(safe, most - 1)) + "…";
    }
    return safe;
}

Cell process_cell(const forensics::Process* process, std::string_view host) {
    if (process == nullptr) {
        return {};
    }
    fmt::memory_buffer text;
    packet::append_process_name(text, *process, false);
    const std::string prefix = process->host == host ? "" : cell_text(process->host) + ":";
    return {prefix + fmt::to_string(text), packet::process_color(process->comm, process->pid)};
}

std::string bytes_text(uint64_t bytes) {
    static constexpr std::array<std::string_view, 6> kUnits{"KiB", "MiB", "GiB",
                                                            "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        return fmt::format("{} B", bytes);
    }
    double size = static_cast<double>(bytes) / 1024;
    size_t unit = 0;
    while (size >= 1023.95 && unit + 1 < kUnits.size()) {  // 1023.95 would be shown as 1024.0
        size /= 1024;
        ++unit;
    }
    return fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::string seconds_text(uint64_t ns) {
    const auto value = static_cast<double>(ns);
    if (ns < 1'000'000) {
        return fmt::format("{:.0f} us", value / 1e3);
    }
    if (ns < 1'000'000'000) {
        return fmt::format("{:.1f} ms", value / 1e6);
    }
    return fmt::format("{:.2f} s", value / 1e9);
}

std::string unattributed_text(const forensics::Analysis& analysis) {
    const forensics::Unattributed& all = analysis.unattributed();
    const std::array<std::pair<std::string_view, const forensics::Amount*>, 4> why{{
        {"kernel", &all.kernel},
        {"forwarded", &all.forwarded},
        {"unknown", &all.unknown},
        {"not told", &all.silent},
    }};
    forensics::Amount sum;
    std::string reasons;
    for (const auto& [name, amount] : why) {
        sum.packets += amount->packets;
        sum.bytes += amount->bytes;
        if (amount->packets > 0) {
            reasons += fmt::format("{} {} {}", reasons.empty() ? ":" : ",", name, amount->packets);
        }
    }
    const forensics::Amount& total = analysis.total();
    const double share =
        total.bytes == 0 ? 0
                         : 100 * static_cast<double>(sum.bytes) / static_cast<double>(total.bytes);
    return fmt::format("without a process: {} of {} packets, {} ({:.1f} %){}\n", sum.packets,
                       total.packets, bytes_text(sum.bytes), share, reasons);
}

}  // namespace cmd
