// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/text.h"

#include <catch2/catch.hpp>
#include <string>

using namespace pcapng;

namespace {

size_t length_of(std::string_view text) {
    char32_t code_point = 0;
    return decode_utf8(text, code_point);
}

}  // namespace

TEST_CASE("UTF-8 is decoded at the edges of each length") {
    char32_t code_point = 0;
    CHECK(decode_utf8("\x7f", code_point) == 1);
    CHECK(decode_utf8("\xC2\x80", code_point) == 2);
    CHECK(code_point == 0x80);
    CHECK(decode_utf8("\xEF\xBF\xBD", code_point) == 3);
    CHECK(code_point == 0xFFFD);
    CHECK(decode_utf8("\xF4\x8F\xBF\xBF", code_point) == 4);
    CHECK(code_point == 0x10FFFF);
}

TEST_CASE("what RFC 3629 forbids is no UTF-8") {
    CHECK(length_of("") == 0);
    CHECK(length_of("\x80") == 0);              // continuation alone
    CHECK(length_of("\xC0\xAF") == 0);          // overlong
    CHECK(length_of("\xC1\xBF") == 0);          // overlong
    CHECK(length_of("\xE0\x80\xAF") == 0);      // overlong
    CHECK(length_of("\xF0\x80\x80\xAF") == 0);  // overlong
    CHECK(length_of("\xED\xA0\x80") == 0);      // surrogate
    CHECK(length_of("\xF4\x90\x80\x80") == 0);  // above U+10FFFF
    CHECK(length_of("\xF8\x88\x80\x80\x80") == 0);
    CHECK(length_of("\xC3") == 0);  // cut
    CHECK(length_of("\xC3(") == 0);
}

TEST_CASE("controls, bidi marks and invisible code points are not shown") {
    for (const char32_t hidden :
         {0x00U, 0x1BU, 0x7FU, 0x85U, 0x9BU, 0xA0U, 0xADU, 0x61CU, 0x200BU, 0x200EU, 0x2028U,
          0x2029U, 0x202EU, 0x2066U, 0x3000U, 0xFEFFU, 0xFFFEU, 0xE0041U}) {
        INFO(static_cast<unsigned>(hidden));
        CHECK_FALSE(is_shown(hidden));
    }
    for (const char32_t shown : {0x20U, 0x41U, 0x7EU, 0xE9U, 0x4E2DU, 0x1F600U}) {
        INFO(static_cast<unsigned>(shown));
        CHECK(is_shown(shown));
    }
}

TEST_CASE("shown text keeps spaces and escapes what a terminal would obey") {
    CHECK(shown_text("a b\x1b[31m\xff\xC2\x9B é") == "a b%1B[31m%FF%C2%9B é");
}

TEST_CASE("cutting UTF-8 never splits a code point") {
    const std::string text = "aé中😀";  // 1 + 2 + 3 + 4 bytes
    CHECK(cut_utf8(text, 10) == text);
    CHECK(cut_utf8(text, 9) == "aé中");
    CHECK(cut_utf8(text, 7) == "aé中");
    CHECK(cut_utf8(text, 5) == "aé");
    CHECK(cut_utf8(text, 2) == "a");
    CHECK(cut_utf8(text, 0).empty());
    CHECK(cut_utf8("\x80\x80\x80\x80\x80", 4).size() == 4);  // no UTF-8: cut anywhere
}
