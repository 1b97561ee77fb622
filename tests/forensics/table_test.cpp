// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/table.h"
#include "forensics/analysis/event_table.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "forensics/analysis/row_text.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

namespace {

using forensics::Column;
using forensics::ColumnType;
using forensics::Row;
using forensics::Time;

constexpr std::string_view kHostile = "a\xff\xc3\"b\n,=1+1\r\\\x1b[31m\xe2\x80\xae;</script>\x7f";
constexpr const char* kCleaned =
    "a\xEF\xBF\xBD\xEF\xBF\xBD\"b\n,=1+1\r\\\x1b[31m\xe2\x80\xae;</script>\x7f";

// The same without what controls a terminal, for which CSV has no escape.
constexpr const char* kWithoutControls =
    "a\xEF\xBF\xBD\xEF\xBF\xBD\"b\n,=1+1\r\\\\x1b[31m\\xe2\\x80\\xae;</script>\\x7f";

constexpr Column kColumns[] = {
    {"a", ColumnType::kText, ""},    {"b", ColumnType::kUnsigned, ""}, {"c", ColumnType::kTime, ""},
    {"d", ColumnType::kSeconds, ""}, {"e", ColumnType::kBoolean, ""},  {"f", ColumnType::kText, ""},
};

Row hostile_row() {
    return {kHostile,
            uint64_t{18446744073709551615U},
            Time{1763776800123456789},
            0.000340125,
            true,
            std::monostate()};
}

TEST_CASE("docs/analysis.md lists every column with its type and meaning, in order") {
    const std::string text = test::content_of(ANALYSIS_MD);
    static constexpr const char* kTypes[] = {"integer", "text", "time",  "seconds",
                                             "boolean", "list", "object"};
    const std::pair<const char*, std::span<const Column>> tables[] = {
        {"\n## packets\n", forensics::packet_columns()},
        {"\n## flows\n", forensics::flow_columns()},
        {"\n## processes\n", forensics::process_columns()},
        {"\n## events\n", forensics::event_columns()},
    };
    for (const auto& [title, columns] : tables) {
        INFO(title);
        std::string expected;
        for (const Column& column : columns) {
            expected += "| `" + std::string(column.name) + "` | " +
                        kTypes[static_cast<size_t>(column.type)] + " | " +
                        std::string(column.meaning) + " |\n";
        }
        const size_t section = text.find(title);
        REQUIRE(section != text.npos);
        const size_t table = text.find("|---|---|---|\n", section);
        CHECK(text.substr(table + 14, expected.size() + 1) == expected + "\n");
    }
}

TEST_CASE("no column's name is used twice, or reserved by SQL") {
    // As duckdb_keywords() and PostgreSQL's appendix C have them: those that one might take.
    const std::set<std::string_view> reserved{
        "all",  "as",    "at",     "default", "desc",  "either", "end",     "from",         "group",
        "in",   "limit", "order",  "offset",  "table", "to",     "user",    "session_user", "where",
        "when", "with",  "window", "select",  "using", "unique", "primary", "references"};
    for (const auto columns : {forensics::packet_columns(), forensics::flow_columns(),
                               forensics::process_columns(), forensics::event_columns()}) {
        std::set<std::string_view> names;
        for (const Column& column : columns) {
            INFO(column.name);
            CHECK(names.insert(column.name).second);
            CHECK(reserved.count(column.name) == 0);
            CHECK(column.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == column.name.npos);
        }
    }
}

TEST_CASE("a row of what knows nothing has a value for each column") {
    Row row;
    forensics::Process process;
    forensics::ProcessTraffic traffic;
    traffic.process = &process;
    forensics::process_row(traffic, row);
    CHECK(row.size() == forensics::process_columns().size());
    forensics::flow_row(forensics::Flow(), row);
    CHECK(row.size() == forensics::flow_columns().size());
    forensics::packet_row(forensics::Packet(), {}, row);
    CHECK(row.size() == forensics::packet_columns().size());
}

TEST_CASE("a user's name isn't given to a packet of another user") {
    forensics::Process process;
    process.uid = 1000;
    process.user = "alice";
    forensics::Packet packet;
    packet.self.process = &process;
    const auto columns = forensics::packet_columns();
    const auto at = [&](std::string_view name) {
        return static_cast<size_t>(
            std::find_if(columns.begin(), columns.end(),
                         [&](const Column& column) { return column.name == name; }) -
            columns.begin());
    };
    Row row;
    packet.self.uid = 1000;
    forensics::packet_row(packet, {}, row);
    CHECK(std::get<std::string_view>(row[at("user_name")]) == "alice");
    packet.self.uid = 0;
    forensics::packet_row(packet, {}, row);
    CHECK(std::holds_alternative<std::monostate>(row[at("user_name")]));
    CHECK(std::get<uint64_t>(row[at("uid")]) == 0);
}

TEST_CASE("a line of JSON means the row, whatever a process calls itself") {
    std::string line;
    forensics::append_json(kColumns, hostile_row(), line);
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
    CHECK(test::contains(line, "\\u001b[31m\\u202e;</script>\\u007f"));
    const auto json = nlohmann::json::parse(line);
    CHECK(json["a"] == kCleaned);
    CHECK(json["b"] == 18446744073709551615U);
    CHECK(json["c"] == "2025-11-22T02:00:00.123456789Z");
    CHECK(json["d"] == Approx(0.000340125));
    CHECK(json["e"] == true);
    CHECK(json["f"].is_null());
    CHECK(json.size() == 6);
}

TEST_CASE("Python's csv module reads the row") {
    test::TemporaryFolder folder;
    std::string text;
    forensics::append_csv_header(kColumns, text);
    forensics::append_csv(hostile_row(), forensics::CsvCells::kAsTheyAre, text);
    std::ofstream(folder.file("row.csv"), std::ios::binary) << text;
    const auto rows = nlohmann::json::parse(test::output_of(
        {"python3", "-c",
         "import csv, json, sys; print(json.dumps(list(csv.reader(open(sys.argv[1], newline='', "
         "encoding='utf-8'), strict=True))))",
         folder.file("row.csv")}));
    REQUIRE(rows.size() == 2);
    CHECK(rows[0] == nlohmann::json({"a", "b", "c", "d", "e", "f"}));
    CHECK(rows[1] == nlohmann::json({kWithoutControls, "18446744073709551615",
                                     "2025-11-22T02:00:00.123456789Z", "0.000340125", "true", ""}));
}

TEST_CASE("no cell of CSV is a formula, if that is asked for") {
    const auto cell = [](const char* text) {
        std::string out;
        forensics::append_csv({std::string(text)}, forensics::CsvCells::kNoFormula, out);
        return out;
    };
    CHECK(cell("=1+1") == "'=1+1\r\n");
    CHECK(cell("+1") == "'+1\r\n");
    CHECK(cell("-1") == "'-1\r\n");
    CHECK(cell("@SUM(A1)") == "'@SUM(A1)\r\n");
    CHECK(cell("\t=1") == "'\t=1\r\n");
    CHECK(cell("\r=1") == "\"'\r=1\"\r\n");
    CHECK(cell("a=1") == "a=1\r\n");
    std::string numbers;
    forensics::append_csv({uint64_t{1}, -0.5}, forensics::CsvCells::kNoFormula, numbers);
    CHECK(numbers == "1,-0.500000000\r\n");
}

TEST_CASE("neither JSON nor CSV has a control of the terminal, and JSON means it") {
    // C1 (CSI), direction marks, a tag beyond the basic plane.
    const std::string name = "a\xc2\x9b\x31mb\xe2\x80\xae\xe2\x81\xa6\xf3\xa0\x80\x81\xc3\xa4";
    const forensics::Row row = {name};
    const Column column[] = {{"a", ColumnType::kText, ""}};
    std::string json;
    forensics::append_json(column, row, json);
    CHECK(json == "{\"a\":\"a\\u009b1mb\\u202e\\u2066\\udb40\\udc01\xc3\xa4\"}\n");
    CHECK(nlohmann::json::parse(json)["a"] == name);
    std::string csv;
    forensics::append_csv(row, forensics::CsvCells::kAsTheyAre, csv);
    CHECK(csv == "a\\xc2\\x9b1mb\\xe2\\x80\\xae\\xe2\\x81\\xa6\xf3\xa0\x80\x81\xc3\xa4\r\n");
}

TEST_CASE("a NUL, overlong forms and surrogates are replaced byte by byte") {
    using namespace std::string_view_literals;
    const auto cleaned = [](std::string_view text) {
        std::string out;
        forensics::append_text(text, out);
        return out;
    };
    const std::string mark = "\xEF\xBF\xBD";
    CHECK(cleaned("a\0b"sv) == "a" + mark + "b");
    CHECK(cleaned("\xc0\xaf"sv) == mark + mark);
    CHECK(cleaned("\xed\xa0\x80"sv) == mark + mark + mark);
    CHECK(cleaned("gr\xc3\xbc\xc3\x9f \xf0\x9f\xa6\x86"sv) ==
          "gr\xc3\xbc\xc3\x9f \xf0\x9f\xa6\x86");
    CHECK(cleaned("\xf0\x9f\xa6"sv) == mark + mark + mark);
}

}  // namespace
