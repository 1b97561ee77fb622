// SPDX-License-Identifier: GPL-2.0-only
//
// What `pidcap … --json` prints, line by line.
#pragma once

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/command.h"

namespace test {

using Json = nlohmann::json;

inline std::vector<Json> json_lines(const std::string& text) {
    std::vector<Json> rows;
    size_t begin = 0;
    for (size_t end = 0; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
        rows.push_back(Json::parse(text.substr(begin, end - begin)));
    }
    REQUIRE(begin == text.size());
    return rows;
}

inline std::vector<std::string> pidcap(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), PIDCAP_PROGRAM);
    return arguments;
}

inline std::vector<Json> rows_of(const std::vector<std::string>& arguments) {
    return json_lines(output_of(pidcap(arguments)));
}

// What Python's csv module makes of it: a list of lists of text.
inline Json csv_rows(const std::string& path) {
    return Json::parse(output_of(
        {"python3", "-c",
         "import csv, json, sys; print(json.dumps(list(csv.reader(open(sys.argv[1], newline='', "
         "encoding='utf-8'), strict=True))))",
         path}));
}

}  // namespace test
