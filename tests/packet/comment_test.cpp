// SPDX-License-Identifier: GPL-2.0-only
#include "packet/comment.h"

#include <catch2/catch.hpp>

using namespace packet;

TEST_CASE("code points that reorder or hide text are encoded") {
    std::string comment;
    append_pair(comment, {}, "comm", "a\u202Eb\u2028c\u0085d\u200B\u00A0é中=\"<&");
    CHECK(comment == "comm=a%E2%80%AEb%E2%80%A8c%C2%85d%E2%80%8B%C2%A0é中=\"<&");
}

TEST_CASE("unknown keys are kept and the first of two equal keys counts") {
    const auto parsed = parse_comment("pid=1 new.key-2=x pid=2 comm=");
    REQUIRE(parsed.has_value());
    CHECK(parsed->number("pid") == 1);
    CHECK(parsed->find("new.key-2") == "x");
    CHECK(parsed->find("comm") == "");
    CHECK_FALSE(parsed->find("exe").has_value());
}

TEST_CASE("a number that is none is not a number") {
    const auto parsed = parse_comment("pid=1 uid=-1 st=1x tid=18446744073709551616 x= y=+1");
    REQUIRE(parsed.has_value());
    for (const char* key : {"uid", "st", "tid", "x", "y", "absent"}) {
        CHECK_FALSE(parsed->number(key).has_value());
    }
}

TEST_CASE("a byte that is to be escaped is seen wherever it stands in a value") {
    for (int byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 20; at++) {
            std::string value(20, 'z');
            value[at] = static_cast<char>(byte);
            const auto parsed = parse_comment("pid=1 cmdline=" + value);
            INFO("byte " << byte << " at " << at);
            REQUIRE(parsed.has_value() == (byte > ' ' && byte < 0x7F && byte != '%'));
            if (parsed) {
                REQUIRE(parsed->find("cmdline") == value);
            }
        }
    }
}

TEST_CASE("a foreign comment is not taken for ours") {
    for (const char* foreign : {"",
                                "hello",
                                "PID: 42\nCmd: curl",
                                "pid=",
                                "pid=x",
                                "pid=-1",
                                "pid=4294967296",
                                "pid=1 ",
                                " pid=1",
                                "pid=1  uid=2",
                                "pid=1 uid",
                                "pid=1 =2",
                                "pid=1 Uid=2",
                                "pid=1\nuid=2",
                                "pid=1 comm=a\tb",
                                "pid=1 comm=%",
                                "pid=1 comm=%2",
                                "pid=1 comm=%zz",
                                "pid=1 comm=\xff",
                                "pid=1 comm=\x7f",
                                "via=",
                                "comm=curl pid=1",
                                "pid=1, and then",
                                "tid=1"}) {
        INFO(foreign);
        CHECK_FALSE(parse_comment(foreign).has_value());
    }
}

TEST_CASE("a comment that is too long loses whole pairs, never a part of a number") {
    const std::string comment = "pid=12 uid=1000 st=123456";
    CHECK(cut_comment(comment, comment.size()) == comment);
    CHECK(cut_comment(comment, comment.size() - 1) == "pid=12 uid=1000");
    CHECK(cut_comment(comment, 15) == "pid=12 uid=1000");
    CHECK(cut_comment(comment, 14) == "pid=12");
    CHECK(cut_comment(comment, 5).empty());
    CHECK(cut_comment("un café", 7) == "un caf");
}
