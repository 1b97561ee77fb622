// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/display_width.h"

#include <catch2/catch.hpp>

using packet::display_width;
using packet::fit_to_width;

TEST_CASE("a wide character takes two columns, a combining mark none") {
    CHECK(display_width("") == 0);
    CHECK(display_width("curl") == 4);
    CHECK(display_width("grün…") == 5);
    CHECK(display_width("gru\u0308n") == 4);
    CHECK(display_width("网页服务") == 8);
    CHECK(display_width("ブラウザ") == 8);
    CHECK(display_width("ﾌﾞﾗｳｻﾞ") == 6);  // half-width
    CHECK(display_width("🦊") == 2);
    CHECK(display_width("\xff") == 1);
}

TEST_CASE(
    "a text is cut before a character that doesn't fit, and behind the marks of one that does") {
    CHECK(fit_to_width("curl", 4) == "curl");
    CHECK(fit_to_width("curl", 2) == "cu");
    CHECK(fit_to_width("网页", 3) == "网");
    CHECK(fit_to_width("网页", 1).empty());
    CHECK(fit_to_width("u\u0308n", 1) == "u\u0308");
    CHECK(fit_to_width("a", 0).empty());
}
