// SPDX-License-Identifier: GPL-2.0-only
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/cmd/offline/duckdb.h"
#include "tests/cmd/offline/rows.h"
#include "tests/forensics/told_file.h"
#include "tests/support/event_capture.h"

namespace {

using test::Json;
using test::pidcap;
using test::rows_of;
using test::told_file;

constexpr const char* kTables[] = {"packets", "flows", "processes"};

// Exports a table and returns its path.
std::string exported(const test::TemporaryFolder& folder, const std::string& format,
                     const std::string& table) {
    std::string path = folder.file(table + "." + format);
    test::output_of(
        pidcap({"export", "--format", format, "--table", table, "-o", path, told_file()}));
    return path;
}

// A list is JSON's text in Parquet and CSV, of which JSON lines have the list itself.
const std::string kListsAsText =
    "SELECT * REPLACE ('[' || array_to_string(a_processes::VARCHAR[], ',') || ']' AS a_processes, "
    "'[' || array_to_string(b_processes::VARCHAR[], ',') || ']' AS b_processes, "
    "'[' || array_to_string(either_processes::VARCHAR[], ',') || ']' AS either_processes) ";

TEST_CASE("DuckDB reads the same from Parquet, JSON lines and CSV") {
    test::TemporaryFolder folder;
    test::DuckDb duckdb;
    for (const std::string table : kTables) {
        INFO(table);
        const std::string parquet = "'" + exported(folder, "parquet", table) + "'";
        const std::string json = "'" + exported(folder, "jsonl", table) + "'";
        const std::string csv = "'" + exported(folder, "csv", table) + "'";
        const auto rows = duckdb.query("SELECT count(*) FROM " + parquet);
        CHECK(std::stoull(rows.at(0).at(0)) >= 40);
        // By the types that Parquet has, so that a difference in any value or its type shows.
        duckdb.query("CREATE OR REPLACE TABLE typed AS FROM " + parquet);
        for (const std::string& other :
             {"read_json(" + json + ", format = 'newline_delimited', maximum_depth = 2)",
              "read_csv(" + csv + ", all_varchar = true)"}) {
            INFO(other);
            duckdb.query("CREATE OR REPLACE TABLE other AS FROM typed LIMIT 0");
            duckdb.query("INSERT INTO other " + (table == "flows" ? kListsAsText : "") + "FROM " +
                         other);
            CHECK(duckdb.query("SELECT count(*) FROM (FROM typed EXCEPT ALL FROM other)")
                      .at(0)
                      .at(0) == "0");
            CHECK(duckdb.query("SELECT count(*) FROM (FROM other EXCEPT ALL FROM typed)")
                      .at(0)
                      .at(0) == "0");
        }
    }
}

TEST_CASE("Parquet's packets are tshark's, to the nanosecond and in their order") {
    test::TemporaryFolder folder;
    test::DuckDb duckdb;
    const std::string parquet = "'" + exported(folder, "parquet", "packets") + "'";
    const auto rows = duckdb.query(
        "SELECT epoch_ns(time), length, source_address, destination_address, pid, peer_pid FROM " +
        parquet);
    const std::string said =
        test::output_of({"tshark", "-n", "-r", told_file(), "-T", "fields", "-e",
                         "frame.time_epoch", "-e", "frame.len", "-e", "ip.src", "-e", "ip.dst"});
    const std::vector<std::string> lines = test::split(said, '\n');
    const std::vector<test::TsharkPacket> packets = test::tshark_packets(told_file());
    REQUIRE(rows.size() == lines.size());
    for (size_t i = 0; i < rows.size(); ++i) {
        std::vector<std::string> fields = test::split(lines[i], '\t');
        fields[0].erase(fields[0].find('.'), 1);
        fields.push_back(packets[i].word("pid"));
        fields.push_back(packets[i].word("peer.pid"));
        REQUIRE(rows[i] == fields);
    }
    const auto types = duckdb.query("SELECT column_name, column_type FROM (DESCRIBE FROM " +
                                    parquet + ") WHERE column_name IN ('time', 'pid', 'comm')");
    CHECK(types == std::vector<std::vector<std::string>>{
                       {"time", "TIMESTAMP_NS"}, {"pid", "UBIGINT"}, {"comm", "VARCHAR"}});
}

TEST_CASE("a table of events has tshark's times and names, and no packets, in every format") {
    test::TemporaryFolder folder;
    test::DuckDb duckdb;
    const std::string file = folder.file("events.pcapng");
    const test::EventCapture::Who curl{.pid = 812, .comm = "=curl\"\n,x"};
    test::EventCapture capture(file);
    capture.packet(curl);
    capture.connect(curl, 111, {.address = {.bytes = {192, 0, 2, 1}, .length = 4}, .port = 80});
    capture.packet(curl);
    capture.exit(curl, -4, "a\n\"b\",=c");
    capture.exit({.pid = 900, .comm = "wget"}, 0);
    capture.close();
    const std::string said =
        test::output_of({"tshark", "-r", file, "-Y", "eth.type == 0x88b5", "-T", "fields", "-e",
                         "frame.number", "-e", "frame.time_epoch", "-e", "frame.interface_name"});
    std::vector<std::vector<std::string>> expected;
    for (const std::string& line : test::split(said, '\n')) {
        expected.push_back(test::split(line, '\t'));
        expected.back()[1].erase(expected.back()[1].find('.'), 1);
    }
    REQUIRE(expected.size() == 3);
    for (const std::string format : {"parquet", "jsonl", "csv"}) {
        INFO(format);
        const std::string path = folder.file("events." + format);
        test::output_of(
            pidcap({"export", "--format", format, "--table", "events", "-o", path, file}));
        // What is read back of each format, as text.
        const std::string table =
            format == "parquet" ? "'" + path + "'"
            : format == "csv"   ? "read_csv('" + path + "', all_varchar = true)"
                                : "read_json('" + path +
                                    "', columns = {event: 'VARCHAR', number: 'UBIGINT', "
                                    "time: 'TIMESTAMP_NS', pid: 'UBIGINT', fields: 'JSON'})";
        CHECK(duckdb.query("SELECT number, epoch_ns(time::TIMESTAMP_NS), event FROM " + table) ==
              expected);
        const auto fields = duckdb.query(
            "SELECT json_extract_string(fields::VARCHAR, '$.\"errno.name\"'), "
            "json_extract_string(fields::VARCHAR, '$.cmdline'), "
            "json_extract(fields::VARCHAR, '$.code'), pid FROM " +
            table);
        CHECK(fields == std::vector<std::vector<std::string>>{{"ECONNREFUSED", "", "", "812"},
                                                              {"", "a\n\"b\",=c", "-4", "812"},
                                                              {"", "--secret", "0", "900"}});
    }
    // The same rows as `pidcap events` prints.
    CHECK(rows_of({"export", "--format", "jsonl", "--table", "events", file}) ==
          rows_of({"events", "--json", file}));
    CHECK(test::csv_rows(folder.file("events.csv")).size() == 4);
}

TEST_CASE("every query for DuckDB in docs/analysis.md runs, and answers") {
    test::TemporaryFolder folder;
    test::DuckDb duckdb;
    for (const std::string table : kTables) {
        exported(folder, "parquet", table);
    }
    exported(folder, "parquet", "events");
    // The queries name files of the working folder.
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    const std::string text = test::content_of(ANALYSIS_MD);
    const std::string begin = "```sql duckdb\n";
    size_t queries = 0, answers = 0;
    for (size_t at = text.find(begin); at != text.npos; at = text.find(begin, at)) {
        at += begin.size();
        const std::string query = text.substr(at, text.find("```", at) - at);
        INFO(query);
        answers += duckdb.query(query).empty() ? 0 : 1;
        ++queries;
    }
    const auto talkers =
        duckdb.query("SELECT sum(sent_packets) FROM 'processes.parquet' WHERE pid IS NOT NULL");
    std::filesystem::current_path(before);
    CHECK(queries >= 5);
    CHECK(answers >= 3);  // the file has no names, no events, and no process that ended
    size_t with_sender = 0;
    for (const test::TsharkPacket& packet : test::tshark_packets(told_file())) {
        with_sender += packet.sender() ? 1 : 0;
    }
    CHECK(talkers.at(0).at(0) == std::to_string(with_sender));
}

TEST_CASE("a path is no part of a statement") {
    test::TemporaryFolder folder;
    const std::string path = folder.file("it's; DROP TABLE x--.parquet");
    test::output_of(
        pidcap({"export", "--format", "parquet", "--table", "processes", "-o", path, told_file()}));
    CHECK(std::filesystem::file_size(path) > 1000);
}

TEST_CASE("an export doesn't replace the file that it reads, whatever its name") {
    test::TemporaryFolder folder;
    const std::string path = folder.file("capture.pcapng");
    std::filesystem::copy_file(told_file(), path);
    std::filesystem::create_symlink(path, folder.file("symlink"));
    std::filesystem::create_hard_link(path, folder.file("hardlink"));
    for (const char* format : {"parquet", "jsonl", "csv"}) {
        for (const char* name : {"capture.pcapng", "symlink", "hardlink"}) {
            const test::CommandResult result =
                test::run(pidcap({"export", "--format", format, "--table", "packets", "-o",
                                  folder.file(name), path}));
            INFO(format << " " << name << ": " << result.err);
            CHECK(result.status == 1);
            CHECK(test::contains(result.err, "this is the input file"));
            REQUIRE(test::content_of(path) == test::content_of(told_file()));
        }
    }
    const test::CommandResult appended =
        test::run({"sh", "-c", "\"$0\" export --format csv --table packets \"$1\" >>\"$1\"",
                   PIDCAP_PROGRAM, path});
    CHECK(appended.status == 1);
    CHECK(test::content_of(path) == test::content_of(told_file()));
}

TEST_CASE("what is exported under sudo is its caller's, and only where they may write") {
    if (geteuid() != 0) {
        WARN("only root can call sudo's part");
        return;
    }
    test::TemporaryFolder folder;
    // They read it, too.
    const std::string input = folder.file("input");
    std::filesystem::copy_file(told_file(), input);
    REQUIRE(chmod(input.c_str(), 0644) == 0);
    const auto export_as_caller = [&](const std::string& format, const std::string& path) {
        return test::run({"env", "SUDO_UID=65534", "SUDO_GID=65533", PIDCAP_PROGRAM, "export",
                          "--format", format, "--table", "processes", "-o", path, input});
    };
    for (const char* format : {"parquet", "jsonl", "csv"}) {
        INFO(format);
        REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
        const std::string path = folder.file(format);
        const test::CommandResult refused = export_as_caller(format, path);
        CHECK(refused.status == 1);
        CHECK(test::contains(refused.err, "Permission denied"));
        REQUIRE(chmod(folder.path().c_str(), 0777) == 0);
        const test::CommandResult done = export_as_caller(format, path);
        INFO(done.err);
        CHECK(done.status == 0);
        struct stat status {};
        REQUIRE(stat(path.c_str(), &status) == 0);
        CHECK(status.st_uid == 65534);
        CHECK(status.st_gid == 65533);
        CHECK(status.st_size > 1000);
    }
}

TEST_CASE("an export that can't be written fails, and says where") {
    test::TemporaryFolder folder;
    for (const char* format : {"parquet", "jsonl"}) {
        // 8 KiB, which the table doesn't fit in.
        const std::string path = folder.file(format);
        const test::CommandResult result = test::run(
            {"sh", "-c",
             "ulimit -f 16; exec \"$0\" export --format $1 --table packets -o \"$2\" \"$3\"",
             PIDCAP_PROGRAM, format, path, told_file()});
        INFO(format << ": " << result.err);
        CHECK(result.status == 1);
        CHECK(test::contains(result.err, path));
    }
    CHECK(std::filesystem::file_size(folder.file("parquet")) == 0);
}

TEST_CASE("JSON lines of an export are those of --json") {
    CHECK(rows_of({"export", "--format", "jsonl", "--table", "flows", told_file()}) ==
          rows_of({"flows", "--json", told_file()}));
    CHECK(rows_of({"export", "--format", "jsonl", "--table", "processes", told_file()}).size() ==
          40);
    const std::vector<Json> packets =
        rows_of({"export", "--format", "jsonl", "--table", "packets", "-c", "7", told_file()});
    REQUIRE(packets.size() == 7);
    CHECK(packets[6]["number"] == 7);
    CHECK(packets[0]["flow"] == 0);
}

TEST_CASE("without DuckDB's library Parquet fails with what to do, and JSON lines don't") {
    test::TemporaryFolder folder;
    const test::CommandResult result =
        test::run({"env", "-u", "LD_LIBRARY_PATH", PIDCAP_PROGRAM, "export", "--format", "parquet",
                   "--table", "flows", "-o", folder.file("flows.parquet"), told_file()});
    CHECK(result.status == 1);
    CHECK(test::contains(result.err, "libduckdb.so"));
    CHECK(test::contains(result.err, "--format jsonl"));
    CHECK(!std::filesystem::exists(folder.file("flows.parquet")));
}

TEST_CASE("a wrong command line of export says what is missing") {
    const auto said = [](const std::vector<std::string>& arguments) {
        const test::CommandResult result = test::run(pidcap(arguments));
        CHECK(result.status == 2);
        return result.err;
    };
    CHECK(test::contains(said({"export", "--table", "flows", "x"}), "--format is required"));
    CHECK(test::contains(said({"export", "--format", "csv", "x"}), "--table is required"));
    CHECK(test::contains(said({"export", "--format", "xml", "--table", "flows", "x"}),
                         "--format xml: not one of parquet, jsonl, csv"));
    CHECK(test::contains(said({"export", "--format", "parquet", "--table", "flows", "x"}), "-o"));
    CHECK(test::contains(said({"export", "--format", "csv", "--table", "flows"}),
                         "no input file given"));
}

}  // namespace
