// SPDX-License-Identifier: GPL-2.0-only
#include "packet/filter/glob.h"

#include <catch2/catch.hpp>
#include <string>

using packet::glob_literal;
using packet::glob_matches;
using packet::glob_min_length;

TEST_CASE("a pattern without marks matches itself and nothing else") {
    CHECK(glob_matches("curl", "curl"));
    CHECK(glob_matches("", ""));
    CHECK_FALSE(glob_matches("curl", "curl2"));
    CHECK_FALSE(glob_matches("curl", "cur"));
    CHECK_FALSE(glob_matches("curl", "Curl"));
    CHECK_FALSE(glob_matches("", "a"));
    CHECK_FALSE(glob_matches("a", ""));
}

TEST_CASE("a star matches any bytes, none and slashes included") {
    CHECK(glob_matches("*", ""));
    CHECK(glob_matches("*", "a/b c\n\xff"));
    CHECK(glob_matches("/opt/*/agent", "/opt/a/b/agent"));
    CHECK(glob_matches("/opt*/agent", "/opt/agent"));
    CHECK(glob_matches("*ab*", "aab"));
    CHECK(glob_matches("*aab", "aaaab"));
    CHECK(glob_matches("a**b***", "ab"));
    CHECK(glob_matches("*a*b*c", "xaxbxbxc"));
    CHECK_FALSE(glob_matches("/opt/*/agent", "/opt/agent"));
    CHECK_FALSE(glob_matches("*a*b*c", "xaxcxb"));
    CHECK_FALSE(glob_matches("*ab", "aba"));
}

TEST_CASE("a question mark matches any one byte") {
    CHECK(glob_matches("?", "/"));
    CHECK(glob_matches("a?c*", "abc"));
    CHECK(glob_matches("??", "\xc3\xbc"));  // bytes, not characters
    CHECK_FALSE(glob_matches("?", ""));
    CHECK_FALSE(glob_matches("?", "ab"));
}

TEST_CASE("a set matches one byte that is in it, a negated one a byte that isn't") {
    CHECK(glob_matches("[abc]x", "bx"));
    CHECK(glob_matches("[a-cx-z]", "y"));
    CHECK(glob_matches("[!a-c]", "d"));
    CHECK(glob_matches("[]]", "]"));
    CHECK(glob_matches("[!]]", "x"));
    CHECK(glob_matches("[a-]", "-"));
    CHECK(glob_matches("[-a]", "-"));
    CHECK(glob_matches("[\\]a]", "]"));
    CHECK(glob_matches("[\\!]", "!"));
    CHECK(glob_matches("[\x80-\xff]", "\xc3"));
    CHECK(glob_matches("*[0-9]", "eth10"));
    CHECK_FALSE(glob_matches("[a-c]", "d"));
    CHECK_FALSE(glob_matches("[a-c]", "-"));
    CHECK_FALSE(glob_matches("[!a-c]", "b"));
    CHECK_FALSE(glob_matches("[!a]", ""));
    CHECK_FALSE(glob_matches("[]]", "["));
    CHECK_FALSE(glob_matches("[z-a]", "m"));
}

TEST_CASE("a backslash takes the next byte as it is") {
    CHECK(glob_matches("\\*", "*"));
    CHECK(glob_matches("a\\?b\\[c\\\\", "a?b[c\\"));
    CHECK(glob_matches("\\a", "a"));
    CHECK_FALSE(glob_matches("\\*", "x"));
    CHECK_FALSE(glob_matches("\\?", "x"));
}

TEST_CASE("what is begun and never ended stands for itself") {
    CHECK(glob_matches("[abc", "[abc"));
    CHECK(glob_matches("*[", "a["));
    CHECK(glob_matches("[]", "[]"));
    CHECK(glob_matches("[!", "[!"));
    CHECK(glob_matches("a\\", "a\\"));
    CHECK_FALSE(glob_matches("[abc", "a"));
}

TEST_CASE("the pattern of a text matches it alone") {
    for (const std::string text : {"a*b", "?", "[a]", "a\\x2db", "\\", ""}) {
        CAPTURE(text);
        CHECK(glob_matches(glob_literal(text), text));
        CHECK_FALSE(glob_matches(glob_literal(text), text + "x"));
    }
    CHECK_FALSE(glob_matches(glob_literal("a*b"), "axb"));
    CHECK_FALSE(glob_matches(glob_literal("[a]"), "a"));
}

TEST_CASE("the shortest text of a pattern is known") {
    CHECK(glob_min_length("") == 0);
    CHECK(glob_min_length("**") == 0);
    CHECK(glob_min_length("nginx*") == 5);
    CHECK(glob_min_length("a?[b-d]\\*") == 4);
    CHECK(glob_min_length("[ab") == 3);
}

// With a restart at every star this would take longer than the universe is old: 10^6 over 5.
TEST_CASE("a hostile text is no work for a pattern with many stars") {
    const std::string text(1'000'000, 'a');
    CHECK_FALSE(glob_matches("*a*a*a*a*b", text));
    CHECK_FALSE(glob_matches("*a*a*a*a*b*c", text + "b"));
    CHECK(glob_matches("*a*a*a*a*b", text + "b"));
}
