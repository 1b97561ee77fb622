// SPDX-License-Identifier: GPL-2.0-only
//
// Columns of names in any script, measured by Python's tables of Unicode.
#include "cmd/offline/terminal_table.h"

#include <fstream>

#include "tests/cmd/offline/rows.h"
#include "tests/cmd/offline/table_text.h"
#include "tests/support/temporary_folder.h"

namespace {

using test::Json;

// At which column of a terminal "|" stands in each line of `text`, and how long the line is.
Json columns_of(const std::string& text) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.file("table")) << text;
    return Json::parse(test::output_of(
        {"python3", "-c",
         "import json, sys, unicodedata as u\n"
         "def width(text):\n"
         "    return sum(0 if u.combining(c) or u.category(c) in ('Mn', 'Me') else\n"
         "               2 if u.east_asian_width(c) in 'WF' else 1 for c in text)\n"
         "lines = open(sys.argv[1], encoding='utf-8').read().splitlines()\n"
         "print(json.dumps([[width(l[:l.index('|')]), width(l)] for l in lines]))\n",
         folder.file("table")}));
}

const std::vector<std::string> kNames{"curl",   "grün",   "gru\u0308n", "网页服务", "ブラウザ",
                                      "ﾌﾞﾗｳｻﾞ", "서버",   "🦊",       "a🦊b",   "ง่าย",
                                      "खिड़की",  "пример", "naïve"};

std::string table(size_t width, bool to_the_right) {
    const cmd::Heading headings[] = {{"NAME", to_the_right}, {"| BYTES"}};
    std::vector<std::vector<cmd::Cell>> rows;
    for (const std::string& name : kNames) {
        rows.push_back({{cmd::cell_text(name)}, {"| 5 B and more"}});
    }
    return test::table_text(headings, rows, width, false);
}

TEST_CASE("columns of names in any script are aligned") {
    for (const bool to_the_right : {false, true}) {
        const Json columns = columns_of(table(0, to_the_right));
        REQUIRE(columns.size() == kNames.size() + 1);
        for (const Json& line : columns) {
            CHECK(line[0] == columns[0][0]);
        }
    }
}

TEST_CASE("no line is longer than the terminal, whatever is wide where it ends") {
    const cmd::Heading headings[] = {{"|"}, {"NAME"}};
    for (size_t width = 4; width < 14; ++width) {
        std::vector<std::vector<cmd::Cell>> rows;
        for (const std::string& name : kNames) {
            rows.push_back({{"|"}, {name + name}});
        }
        for (const Json& line : columns_of(test::table_text(headings, rows, width, false))) {
            CHECK(line[1].get<size_t>() <= width);
            CHECK(line[1].get<size_t>() + 1 >= std::min<size_t>(width, 5));
        }
    }
}

TEST_CASE("a long name is cut to columns, not to characters") {
    CHECK(cmd::cell_text("网页服务", 8) == "网页服务");
    CHECK(cmd::cell_text("网页服务器", 8) == "网页服…");
    CHECK(cmd::cell_text("gru\u0308ndlich", 5) == "gru\u0308n…");
}

}  // namespace
