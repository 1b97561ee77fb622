// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/top_screen.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "cmd/top/top_options.h"
#include "packet/line/display_width.h"
#include "tests/cmd/top/made_traffic.h"
#include "tests/support/command.h"

namespace test {
namespace {

using cmd::TopKey;
using cmd::TopScreen;
using cmd::TopSort;
using cmd::TopView;
using Action = TopScreen::Action;

constexpr size_t kWidth = 80;
constexpr size_t kHeight = 24;

struct Size {
    size_t width;
    size_t height;
};

class Shown {
  public:
    explicit Shown(MadeTraffic& made)
        : made_(&made), screen(made.traffic, TopView::kProcesses, TopSort::kRate, "sockets", "") {}

    void end_interval() {
        made_->end_interval();
        screen.update("12:00:00");
    }
    Action type(const std::string& text) {
        Action last = Action::kNone;
        for (const char character : text) {
            last = screen.press({TopKey::kCharacter, character});
        }
        return last;
    }
    std::vector<cmd::TopLine> lines(size_t width = kWidth, size_t height = kHeight) {
        return screen.lines(width, height);
    }
    std::string text(size_t width = kWidth, size_t height = kHeight) {
        std::string all;
        for (const cmd::TopLine& line : lines(width, height)) {
            all += line.text + "\n";
        }
        return all;
    }
    std::string selected_text() {
        for (const cmd::TopLine& line : lines()) {
            if (line.reverse) {
                return line.text;
            }
        }
        return {};
    }

  private:
    MadeTraffic* made_;

  public:
    TopScreen screen;
};

TEST_CASE("every screen fits its terminal, however small or large") {
    MadeTraffic made;
    Shown shown(made);
    for (uint32_t pid = 1; pid <= 60; pid++) {
        made.process(pid, "\xe6\xbc\xa2\xe5\xad\x97 process " + std::to_string(pid), pid - 1);
        made.add(pid, 1000 * pid, 10);
    }
    shown.end_interval();
    for (const char* key : {"p", "t", "c", "r", "?"}) {
        shown.type(key);
        for (const Size size : {Size{80, 24}, {20, 5}, {1, 1}, {200, 100}, {80, 3}}) {
            const auto lines = shown.lines(size.width, size.height);
            CAPTURE(key, size.width, size.height);
            CHECK(lines.size() == size.height);
            CHECK(std::ranges::all_of(lines, [&](const cmd::TopLine& line) {
                return packet::display_width(line.text) <= size.width;
            }));
        }
    }
}

TEST_CASE("what processes call themselves has no control over the terminal") {
    MadeTraffic made;
    Shown shown(made);
    packet::Process& process = const_cast<packet::Process&>(made.process(1, "\x1b[2J\n\xff"));
    process.cmdline = std::string(
        "x\x1b]0;title\x07\0y\xc2\x9b"
        "31m",
        19);
    process.unit = "\x1b[5m.service";
    made.add(1, 1, 1);
    shown.end_interval();
    for (const char* key : {"p", "t", "c", "r"}) {
        shown.type(key);
        const std::string text = shown.text(300);
        CHECK(std::ranges::none_of(text, [](char byte) {
            return (static_cast<unsigned char>(byte) < ' ' && byte != '\n') || byte == 0x7f;
        }));
        CHECK(!contains(text, "\xc2\x9b"));
        CHECK(contains(text, "\\x1b[2J\\x0a"));
    }
    shown.screen.say("\x1b[2J");
    CHECK(contains(shown.text(), "\\x1b[2J"));
}

TEST_CASE("the selection stays on its row wherever that goes") {
    MadeTraffic made;
    Shown shown(made);
    made.process(1, "one");
    made.process(2, "two");
    made.process(3, "three");
    made.add(1, 300, 0);
    made.add(2, 200, 0);
    made.add(3, 100, 0);
    shown.end_interval();
    CHECK(contains(shown.selected_text(), "one"));
    shown.screen.press({TopKey::kDown});
    CHECK(contains(shown.selected_text(), "two"));
    made.add(2, 900, 0);
    made.add(1, 10, 0);
    shown.end_interval();
    CHECK(contains(shown.selected_text(), "two"));
    CHECK(shown.screen.selected()->pid == 2);
    shown.screen.press({TopKey::kEnd});
    CHECK(contains(shown.selected_text(), "three"));
    shown.screen.press({TopKey::kDown});
    CHECK(contains(shown.selected_text(), "three"));
    shown.screen.press({TopKey::kHome});
    CHECK(contains(shown.selected_text(), "two"));
}

TEST_CASE("a selected row is on the screen, also behind its end") {
    MadeTraffic made;
    Shown shown(made);
    for (uint32_t pid = 1; pid <= 50; pid++) {
        made.process(pid, "process-" + std::to_string(pid));
        made.add(pid, 1000 - pid, 0);
    }
    shown.end_interval();
    CHECK_FALSE(contains(shown.text(), "process-50"));
    shown.screen.press({TopKey::kEnd});
    CHECK(contains(shown.selected_text(), "process-50"));
    shown.screen.press({TopKey::kPageUp});
    CHECK(contains(shown.selected_text(), "process-31"));  // 19 rows
    shown.screen.press({TopKey::kHome});
    CHECK(contains(shown.selected_text(), "process-1 "));
}

TEST_CASE("search selects the next row with the text, and says if there is none") {
    MadeTraffic made;
    Shown shown(made);
    made.process(1, "apple");
    made.process(2, "pear");
    made.process(3, "apple");
    made.add(1, 300, 0);
    made.add(2, 200, 0);
    made.add(3, 100, 0);
    shown.end_interval();
    shown.type("/pear");
    CHECK(contains(shown.text(), "search: pear_"));
    shown.screen.press({TopKey::kEnter});
    CHECK(shown.screen.selected()->pid == 2);
    shown.type("/appl");
    shown.type("x");
    shown.screen.press({TopKey::kBackspace});
    shown.screen.press({TopKey::kEnter});
    CHECK(shown.screen.selected()->pid == 3);
    shown.type("n");
    CHECK(shown.screen.selected()->pid == 1);
    shown.type("/nothing");
    shown.screen.press({TopKey::kEnter});
    CHECK(contains(shown.text(), "nothing here has nothing in it"));
    CHECK(shown.screen.selected()->pid == 1);
    // Esc leaves, and letters are commands again.
    shown.type("/q");
    shown.screen.press({TopKey::kEscape});
    CHECK(shown.type("q") == Action::kQuit);
}

TEST_CASE("a frozen screen shows what it showed, in every view, until it goes on") {
    MadeTraffic made;
    Shown shown(made);
    made.process(1, "one");
    made.add(1, 100, 0);
    shown.end_interval();
    shown.type(" ");
    CHECK(contains(shown.text(), "FROZEN"));
    made.process(2, "two");
    made.add(2, 999, 0);
    shown.end_interval();
    CHECK_FALSE(contains(shown.text(), "two"));
    shown.type("c");
    CHECK_FALSE(contains(shown.text(), "two"));
    shown.type(" p");
    CHECK(contains(shown.text(), "two"));
    CHECK_FALSE(contains(shown.text(), "FROZEN"));
}

TEST_CASE("keys ask for a filter, a file or the end") {
    MadeTraffic made;
    Shown shown(made);
    made.process(1, "one");
    made.add(1, 100, 0);
    shown.end_interval();
    CHECK(shown.type("fcomm = x") == Action::kNone);
    CHECK(shown.screen.press({TopKey::kEnter}) == Action::kFilter);
    CHECK(shown.screen.typed() == "comm = x");
    CHECK(shown.type("w") == Action::kWrite);
    CHECK(shown.type("q") == Action::kQuit);
    made.end(1);
    shown.end_interval();
    CHECK_FALSE(shown.screen.selected()->lives);
}

TEST_CASE("the next order is shown with s, the one before with S") {
    MadeTraffic made;
    Shown shown(made);
    shown.end_interval();
    CHECK(contains(shown.text(), "processes by rate"));
    shown.type("s");
    CHECK(contains(shown.text(), "processes by out"));
    shown.type("SS");
    CHECK(contains(shown.text(), "processes by name"));
}

TEST_CASE("columns that don't fit can be moved onto the screen") {
    MadeTraffic made;
    Shown shown(made);
    const_cast<packet::Process&>(made.process(1, "one")).unit = "nginx.service";
    made.add(1, 100, 0);
    shown.end_interval();
    CHECK_FALSE(contains(shown.text(), "nginx.service"));
    CHECK(contains(shown.text(120), "nginx.service"));
    for (int i = 0; i < 4; i++) {
        shown.screen.press({TopKey::kRight});
    }
    CHECK(contains(shown.text(), "nginx.service"));
    CHECK(contains(shown.text(), "one"));
    for (int i = 0; i < 50; i++) {
        shown.screen.press({TopKey::kRight});
    }
    CHECK(contains(shown.text(), "COMMAND"));
}

TEST_CASE("top's options are read, a capture's by a capture's own rules") {
    const auto options = [](std::vector<std::string> words) {
        auto parsed = cmd::parse_top_options(words);
        REQUIRE(std::holds_alternative<cmd::TopOptions>(parsed));
        return std::get<cmd::TopOptions>(std::move(parsed));
    };
    const auto error = [](std::vector<std::string> words) {
        auto parsed = cmd::parse_top_options(words);
        REQUIRE(std::holds_alternative<cmd::Stop>(parsed));
        return std::get<cmd::Stop>(parsed).text;
    };
    const auto none = options({});
    CHECK(none.capture.hook == capture::Hook::kCgroup);
    CHECK(none.uses_terminal());
    CHECK(none.delay == std::chrono::seconds(1));
    const auto some = options({"-i", "lo", "-n", "5", "-d", "0.5", "--sort", "in", "--view", "tree",
                               "--comm", "curl", "tcp", "port", "80"});
    CHECK(some.capture.hook == capture::Hook::kTc);
    CHECK(some.capture.interfaces == std::vector<std::string>{"lo"});
    CHECK(some.capture.filter == "tcp port 80");
    CHECK(some.where == std::vector<std::string>{"--interface", "lo", "tcp", "port", "80"});
    CHECK(some.count == 5U);
    CHECK(some.delay == std::chrono::milliseconds(500));
    CHECK(some.sort == TopSort::kIn);
    CHECK(some.view == TopView::kTree);
    CHECK_FALSE(some.uses_terminal());
    CHECK(contains(error({"-d", "x"}), "-d x: not a duration"));
    CHECK(contains(error({"--sort", "x"}), "--sort x"));
    CHECK(contains(error({"--hook", "cgroup", "-i", "lo"}), "leave out -i"));
    CHECK(contains(error({"--process", "comm ="}), "--process"));
    CHECK(contains(error({"-w", "x"}), "-w"));
}

}  // namespace
}  // namespace test
