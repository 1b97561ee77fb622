// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/terminal_text.h"

#include <catch2/catch.hpp>
#include <random>

#include "packet/line/color.h"

using packet::printable;

namespace {

std::string word(std::string_view text) {
    fmt::memory_buffer out;
    packet::append_word(out, text);
    return fmt::to_string(out);
}

}  // namespace

TEST_CASE("printable text of any script passes unchanged") {
    CHECK(printable("curl") == "curl");
    CHECK(printable("grün 東京 🦈") == "grün 東京 🦈");
}

TEST_CASE("what controls a terminal is escaped byte by byte") {
    CHECK(printable("\x1b[2J") == "\\x1b[2J");
    CHECK(printable("a\nb\rc\td\x7f") == "a\\x0ab\\x0dc\\x09d\\x7f");
    CHECK(printable(std::string_view("a\0b", 3)) == "a\\x00b");
    CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");           // C1: CSI in one character
    CHECK(printable("\xe2\x80\xae") == "\\xe2\\x80\\xae");  // right-to-left override
    CHECK(printable("\xe2\x81\xa6") == "\\xe2\\x81\\xa6");  // isolate
    CHECK(printable("\xe2\x80\xa8") == "\\xe2\\x80\\xa8");  // line separator
}

TEST_CASE("invalid UTF-8 is escaped and the text after it survives") {
    CHECK(printable("\xff"
                    "a") == "\\xffa");
    CHECK(printable("\x9b"
                    "a") == "\\x9ba");                      // a lone C1 byte
    CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");           // overlong
    CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // surrogate
    CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
    CHECK(printable("\xe6\x9d") == "\\xe6\\x9d");  // cut by the kernel after 15 bytes
}

TEST_CASE("escapes can't be faked: a backslash is doubled") {
    CHECK(printable("\\x1b") == "\\\\x1b");
}

TEST_CASE("a word that could be taken for more than one is quoted") {
    CHECK(word("curl") == "curl");
    CHECK(word("kworker/0:1") == "kworker/0:1");
    CHECK(word("Web Content") == "\"Web Content\"");
    CHECK(word("a[1] -> b") == "\"a[1] -> b\"");
    CHECK(word("(kernel)") == "\"(kernel)\"");
    CHECK(word("a\"b") == "\"a\\x22b\"");
    CHECK(word("") == "\"\"");
    CHECK(word("a\xe3\x80\x80"
               "b") == "a\\xe3\\x80\\x80b");  // an ideographic space
}

TEST_CASE("no bytes whatever leave a control character or a line break") {
    std::mt19937 random(7);  // NOLINT: the same bytes every time
    for (int round = 0; round < 50000; ++round) {
        std::string text(random() % 16, '\0');
        for (char& c : text) {
            c = static_cast<char>(random());
        }
        for (const std::string& out : {printable(text), word(text)}) {
            const bool control = std::any_of(out.begin(), out.end(), [](char c) {
                const auto byte = static_cast<unsigned char>(c);
                return byte < 0x20 || byte == 0x7f;
            });
            REQUIRE_FALSE(control);
        }
    }
}

TEST_CASE("colours go to terminals that want them") {
    using packet::ColorMode;
    using packet::use_color;
    CHECK(use_color(ColorMode::kAuto, true, nullptr, "xterm"));
    CHECK(use_color(ColorMode::kAuto, true, "", "xterm"));
    CHECK_FALSE(use_color(ColorMode::kAuto, false, nullptr, "xterm"));
    CHECK_FALSE(use_color(ColorMode::kAuto, true, "1", "xterm"));
    CHECK_FALSE(use_color(ColorMode::kAuto, true, nullptr, "dumb"));
    CHECK_FALSE(use_color(ColorMode::kAuto, true, nullptr, nullptr));
    CHECK(use_color(ColorMode::kAlways, false, "1", "dumb"));
    CHECK_FALSE(use_color(ColorMode::kNever, true, nullptr, "xterm"));
}

TEST_CASE("a process keeps its colour") {
    CHECK(packet::process_color("curl", 5) == packet::process_color("curl", 5));
    bool differs = false;
    for (uint32_t pid = 1; pid < 20; ++pid) {
        differs |= packet::process_color("curl", pid) != packet::process_color("curl", 0);
    }
    CHECK(differs);
}
