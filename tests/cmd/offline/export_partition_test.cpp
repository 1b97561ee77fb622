// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap export --partition`, with DuckDB as the reader of the folder.
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/cmd/offline/duckdb.h"
#include "tests/cmd/offline/rows.h"
#include "tests/pcapng/files.h"
#include "tests/support/named_host.h"
#include "tests/support/temporary_folder.h"

namespace {

using test::pidcap;
using Strings = std::vector<std::string>;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kEight = 1'796'025'600 * kSecond;  // 2026-11-30 08:00 UTC
constexpr const char* kTables[] = {"packets", "flows", "processes"};
constexpr const char* kAll = "host,date,hour";

// A capture of UDP packets of two processes in turn, each with its own length.
void write_capture(const std::string& path, const std::vector<uint64_t>& times, uint8_t host = 0) {
    pcapng::Writer writer = test::open_writer(path);
    const uint32_t eth0 = test::need(writer.add_interface({.snaplen = 262144, .name = "eth0"}));
    size_t number = 0;
    for (const uint64_t time : times) {
        test::Bytes frame = test::udp_frame(16 + number);
        frame[34] = static_cast<uint8_t>(0x9c + host);  // 40,000 and more
        frame[35] = static_cast<uint8_t>(number % 2);
        const std::string comment = "pid=" + std::to_string(100 + number % 2) + " comm=c" +
                                    std::to_string(number % 2) +
                                    " st=" + std::to_string(kEight - 7) + " via=socket";
        test::need(writer.packet({.interface_id = eth0,
                                  .time_ns = time,
                                  .data = frame,
                                  .wire_length = static_cast<uint32_t>(frame.size()),
                                  .direction = pcapng::Direction::kOutbound,
                                  .comment = comment}));
        ++number;
    }
    test::need(writer.close());
}

std::vector<uint64_t> each_second(uint64_t from, size_t count) {
    std::vector<uint64_t> times;
    for (size_t i = 0; i < count; ++i) {
        times.push_back(from + i * kSecond);
    }
    return times;
}

Strings partitioned(const std::string& table, const std::string& folder, const std::string& file,
                    const std::string& host, const std::string& format = "parquet") {
    return pidcap({"export", "--format", format, "--table", table, "--partition", kAll, "--host",
                   host, "-o", folder, file});
}

// The files in a folder and below, hidden ones too, by their paths in it.
Strings files_below(const std::string& folder) {
    Strings paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_directory()) {
            paths.push_back(std::filesystem::relative(entry.path(), folder));
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

std::string whole(const std::string& folder) {
    return "read_parquet('" + folder + "/**/*.parquet', hive_partitioning = true)";
}

TEST_CASE("DuckDB's sums over a folder of several hosts are those of their single exports") {
    test::TemporaryFolder folder;
    test::DuckDb duckdb;
    for (const std::string table : kTables) {
        std::string singles;
        for (size_t host = 0; host < 4; ++host) {
            const std::string name = "web" + std::to_string(host);
            const std::string file = folder.file(name + ".pcapng");
            // Over two ends of an hour.
            write_capture(file, each_second(kEight - 10 * kSecond, 3700 + host));
            test::output_of(partitioned(table, folder.file(table), file, name));
            const std::string single = folder.file(name + "-" + table + ".parquet");
            test::output_of(pidcap({"export", "--format", "parquet", "--table", table, "--host",
                                    name, "-o", single, file}));
            singles += (host == 0 ? "SELECT '" : " UNION ALL SELECT '") + name +
                       "' AS host, COLUMNS(c -> c != 'host') FROM '" + single + "'";
        }
        INFO(table);
        CHECK(files_below(folder.file(table)).size() == (table == kTables[0] ? 12 : 4));
        duckdb.query("CREATE OR REPLACE TABLE one AS SELECT * EXCLUDE (date, hour) FROM " +
                     whole(folder.file(table)));
        duckdb.query("CREATE OR REPLACE TABLE sum AS " + singles);
        // EXCEPT goes by position; the folder's column is the last one.
        duckdb.query(
            "CREATE OR REPLACE TABLE one AS SELECT host, COLUMNS(c -> c != 'host') FROM one");
        for (const std::string rest :
             {"FROM one EXCEPT ALL FROM sum", "FROM sum EXCEPT ALL FROM one"}) {
            CHECK(duckdb.query("SELECT count(*) FROM (" + rest + ")")[0][0] == "0");
        }
        CHECK(duckdb.query("SELECT count(*) FROM one") == duckdb.query("SELECT count(*) FROM sum"));
        if (table == kTables[0]) {
            CHECK(duckdb.query("SELECT host, count(*) FROM one GROUP BY host ORDER BY host") ==
                  std::vector<Strings>{
                      {"web0", "3700"}, {"web1", "3701"}, {"web2", "3702"}, {"web3", "3703"}});
        }
    }
}

TEST_CASE("a row is in the folder of its own hour, in every format, and the folder alone says so") {
    test::TemporaryFolder folder;
    test::DuckDb duckdb;
    const std::string file = folder.file("capture.pcapng");
    // Not in order, as other tools write them.
    write_capture(file, {kEight, kEight - 1, kEight + 3600 * kSecond - 1, kEight - 1,
                         kEight + 16 * 3600 * kSecond});
    for (const std::string format : {"parquet", "jsonl", "csv"}) {
        INFO(format);
        const std::string to = folder.file(format);
        test::output_of(partitioned("packets", to, file, "web1", format));
        const Strings files = files_below(to);
        REQUIRE(files.size() == 3);
        CHECK(files[0].starts_with("host=web1/date=2026-11-30/hour=07/packets-"));
        CHECK(files[1].starts_with("host=web1/date=2026-11-30/hour=08/packets-"));
        CHECK(files[2].starts_with("host=web1/date=2026-12-01/hour=00/packets-"));
        CHECK(files[0].ends_with("." + format));
        const std::string reader = format == "parquet" ? "read_parquet"
                                   : format == "csv"   ? "read_csv"
                                                       : "read_json";
        const std::string glob = "('" + to + "/**/*." + format + "', hive_partitioning = ";
        const auto rows = duckdb.query(
            "SELECT host, count(*), count(*) FILTER (date = time::TIMESTAMP::DATE AND hour = "
            "extract(hour FROM time::TIMESTAMP)), count(DISTINCT number) FROM " +
            reader + glob + "true) GROUP BY host");
        CHECK(rows == std::vector<Strings>{{"web1", "5", "5", "5"}});
        CHECK(duckdb
                  .query("SELECT column_name FROM (DESCRIBE FROM " + reader + glob +
                         "false)) WHERE column_name IN ('host', 'date', 'hour')")
                  .empty());
    }
}

TEST_CASE("the same capture again replaces its files: grown, compressed, or by another name") {
    test::TemporaryFolder folder;
    test::DuckDb duckdb;
    const std::string file = folder.file("capture.pcapng");
    const std::string to = folder.file("packets");
    const auto packets = [&] {
        return duckdb.query("SELECT count(*), count(DISTINCT number) FROM " + whole(to))[0];
    };
    write_capture(file, each_second(kEight - kSecond, 2));
    test::output_of(partitioned("packets", to, file, "web1"));
    const Strings files = files_below(to);
    CHECK(files.size() == 2);
    CHECK(packets() == Strings{"2", "2"});

    write_capture(file, each_second(kEight - kSecond, 5));
    test::output_of(partitioned("packets", to, file, "web1"));
    CHECK(packets() == Strings{"5", "5"});

    std::filesystem::rename(file, folder.file("kept.pcapng"));
    test::output_of({"zstd", "-q", "--rm", folder.file("kept.pcapng")});
    test::output_of(partitioned("packets", to, folder.file("kept.pcapng.zst"), "web1"));
    CHECK(packets() == Strings{"5", "5"});
    CHECK(files_below(to) == files);

    // Another one of the same name, as a ring of files has it.
    write_capture(file, each_second(kEight + 10 * kSecond, 4));
    test::output_of(partitioned("packets", to, file, "web1"));
    CHECK(packets() == Strings{"9", "5"});  // numbers are those in each capture
    CHECK(files_below(to).size() == 3);
}

TEST_CASE("a host's name makes one folder, whatever is in it, and DuckDB reads it back") {
    test::TemporaryFolder folder;
    test::DuckDb duckdb;
    const std::string file = folder.file("capture.pcapng");
    write_capture(file, each_second(kEight, 1));
    const Strings names = {"a/../../b",   "..",       ".",
                           "/etc/passwd", "a=b",      "\x01\t\n\x1b[31m\x7f",
                           "50%2Fx",      "it's; --", "h\xc3\xb6he 7",
                           "-o"};
    for (const std::string& name : names) {
        test::output_of(partitioned("packets", folder.file("packets"), file, name));
    }
    duckdb.query("CREATE TABLE names AS SELECT DISTINCT host FROM read_parquet('" +
                 folder.file("packets") +
                 "/**/*.parquet', hive_partitioning = true, hive_types = {host: VARCHAR})");
    Strings read;
    for (const auto& row : duckdb.query("SELECT host FROM names")) {
        read.push_back(row[0]);
    }
    CHECK_THAT(read, Catch::Matchers::UnorderedEquals(names));
    CHECK(test::files_in(folder.path()) == Strings{file, folder.file("packets")});
    for (const std::string& path : files_below(folder.file("packets"))) {
        INFO(path);
        CHECK(std::count(path.begin(), path.end(), '/') == 3);
        CHECK(std::none_of(path.begin(), path.end(),
                           [](unsigned char c) { return std::iscntrl(c) != 0; }));
    }
}

TEST_CASE("the rows of a merged file are in the folders of their hosts") {
    test::TemporaryFolder folder;
    test::DuckDb duckdb;
    write_capture(folder.file("a.pcapng"), each_second(kEight, 3));
    write_capture(folder.file("b.pcapng"), each_second(kEight, 5), 1);
    const std::string merged = folder.file("merged.pcapng");
    test::output_of(
        pidcap({"merge", folder.file("a.pcapng"), folder.file("b.pcapng"), "-w", merged}));
    for (const std::string table : kTables) {
        const std::string to = folder.file(table);
        test::output_of(pidcap({"export", "--format", "parquet", "--table", table, "--partition",
                                "host", "-o", to, merged}));
        const auto hosts = duckdb.query("SELECT host, count(*) FROM " + whole(to) +
                                        " GROUP BY host ORDER BY host");
        INFO(table);
        CHECK(hosts == (table == kTables[0] ? std::vector<Strings>{{"a", "3"}, {"b", "5"}}
                                            : std::vector<Strings>{{"a", "2"}, {"b", "2"}}));
    }
}

TEST_CASE(
    "a capture that says its host needs no --host, in a folder and in every table of its own") {
    test::TemporaryFolder folder;
    test::DuckDb duckdb;
    const std::string file = folder.file("capture.pcapng");
    write_capture(file, each_second(kEight, 3));
    test::with_section_comment(file, "host=a/b%20c");
    for (const std::string table : kTables) {
        const std::string to = folder.file(table);
        const std::string single = folder.file(table + ".parquet");
        const Strings command = {"export", "--format", "parquet", "--table", table};
        const auto exported = [&](const Strings& more) {
            Strings all = command;
            all.insert(all.end(), more.begin(), more.end());
            test::output_of(pidcap(all));
        };
        exported({"--partition", "host", "-o", to, file});
        exported({"-o", single, file});
        INFO(table);
        CHECK(duckdb.query("SELECT DISTINCT host FROM " + whole(to)) ==
              std::vector<Strings>{{"a/b c"}});
        const std::string column = table == "flows" ? "a_host" : "host";
        CHECK(duckdb.query("SELECT DISTINCT " + column + " FROM '" + single + "'") ==
              std::vector<Strings>{{"a/b c"}});
        exported({"--host", "other", "-o", single, file});
        CHECK(duckdb.query("SELECT DISTINCT " + column + " FROM '" + single + "'") ==
              std::vector<Strings>{{"other"}});
    }
}

// The statements of a page between ```sql and ```.
Strings statements_of(const std::string& page, const std::string& marked) {
    const std::string text = test::content_of(page);
    const std::string begin = "```sql " + marked + "\n";
    Strings statements;
    for (size_t at = text.find(begin); at != text.npos; at = text.find(begin, at)) {
        at += begin.size();
        statements.push_back(text.substr(at, text.find("```", at) - at));
    }
    return statements;
}

TEST_CASE("every query for a folder in docs/analysis.md and docs/fleet.md runs, and answers") {
    test::TemporaryFolder folder;
    test::DuckDb duckdb;
    // At the date of the queries.
    const uint64_t day = 20'412 * uint64_t{86'400} * kSecond;
    for (const char* host : {"web1", "web2"}) {
        const std::string file = folder.file(std::string(host) + ".pcapng");
        write_capture(file, each_second(day + 9 * 3600 * kSecond, 10));
        for (const std::string table : {"packets", "flows"}) {
            test::output_of(partitioned(table, folder.file(table), file, host));
        }
    }
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    std::vector<std::vector<Strings>> answers;
    for (const std::string& statement : statements_of(ANALYSIS_MD, "duckdb fleet")) {
        answers.push_back(duckdb.query(statement));
    }
    for (const std::string& statement : statements_of(FLEET_MD, "duckdb")) {
        duckdb.query(statement);
    }
    const auto compact = duckdb.query(
        "SELECT host, date, hour, a_comm FROM read_parquet('compact/**/*.parquet', "
        "hive_partitioning = true)");
    std::filesystem::current_path(before);
    REQUIRE(answers.size() == 2);
    CHECK_THAT(answers[0], Catch::Matchers::UnorderedEquals(
                               std::vector<Strings>{{"web1", "2025-11-20", "9", "10", "625"},
                                                    {"web2", "2025-11-20", "9", "10", "625"}}));
    // Each packet is in one conversation of its own host.
    CHECK_THAT(answers[1], Catch::Matchers::UnorderedEquals(
                               std::vector<Strings>{{"c0", "", "10"}, {"c1", "", "10"}}));
}

TEST_CASE("a run that fails leaves whole files as they were, and nothing of its own") {
    test::TemporaryFolder folder;
    const std::string file = folder.file("capture.pcapng");
    const std::string to = folder.file("packets");
    write_capture(file, each_second(kEight, 2));
    for (const std::string format : {"parquet", "jsonl"}) {
        INFO(format);
        test::output_of(partitioned("packets", to, file, "web1", format));
        const Strings files = files_below(to);
        const std::string before = test::content_of(to + "/" + files.back());
        write_capture(file, each_second(kEight, 2000));
        Strings command = {"sh", "-c", "ulimit -f 8; exec \"$0\" \"$@\""};  // 4 KiB
        const Strings words = partitioned("packets", to, file, "web1", format);
        command.insert(command.end(), words.begin(), words.end());
        const test::CommandResult result = test::run(command);
        INFO(result.err);
        CHECK(result.status == 1);
        CHECK(test::contains(result.err, "hour=08"));
        CHECK(files_below(to) == files);
        CHECK(test::content_of(to + "/" + files.back()) == before);
        write_capture(file, each_second(kEight, 2));
    }
}

TEST_CASE("whoever may read the files of a partition may enter its folders, and nobody else") {
    test::TemporaryFolder folder;
    const std::string file = folder.file("capture.pcapng");
    write_capture(file, each_second(kEight, 1));
    const auto modes = [&](const std::string& to) {
        std::vector<mode_t> modes = {std::filesystem::exists(to) ? 0U : 1U};
        for (const auto& entry : std::filesystem::recursive_directory_iterator(to)) {
            modes.push_back(static_cast<mode_t>(entry.status().permissions()) & 0777);
        }
        return modes;
    };
    test::output_of(partitioned("packets", folder.file("private"), file, "web1"));
    CHECK(modes(folder.file("private")) == std::vector<mode_t>{0, 0700, 0700, 0700, 0600});
    Strings shared = partitioned("packets", folder.file("shared"), file, "web1");
    shared.insert(shared.end() - 1, {"--mode", "640"});
    test::output_of(shared);
    CHECK(modes(folder.file("shared")) == std::vector<mode_t>{0, 0750, 0750, 0750, 0640});
}

TEST_CASE("a folder that is a link, or another file, is refused") {
    test::TemporaryFolder folder;
    const std::string file = folder.file("capture.pcapng");
    write_capture(file, each_second(kEight, 1));
    const std::string to = folder.file("packets");
    std::filesystem::create_directories(to);
    std::filesystem::create_directory(folder.file("elsewhere"));
    std::filesystem::create_directory_symlink(folder.file("elsewhere"), to + "/host=web1");
    CHECK(test::run(partitioned("packets", to, file, "web1")).status == 1);
    CHECK(files_below(folder.file("elsewhere")).empty());
    CHECK(
        test::contains(test::run(partitioned("packets", file, file, "web1")).err, "not a folder"));
}

TEST_CASE("a wrong command line of export --partition says what is wrong") {
    test::TemporaryFolder folder;
    const std::string file = folder.file("capture.pcapng");
    write_capture(file, each_second(kEight, 1));
    const auto said = [&](Strings more, int status = 2) {
        Strings arguments = {"export", "--format", "jsonl", "--table", "packets", file};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const test::CommandResult result = test::run(pidcap(arguments));
        CHECK(result.status == status);
        return result.err;
    };
    const std::string to = folder.file("to");
    CHECK(test::contains(said({"--partition", "host,day", "-o", to}),
                         "day: not one of host, date, hour"));
    CHECK(test::contains(said({"--partition", "", "-o", to}), "not one of host, date, hour"));
    CHECK(test::contains(said({"--partition", "date,date", "-o", to}), "twice"));
    CHECK(test::contains(said({"--partition", "date"}), "-o FOLDER"));
    CHECK(test::contains(said({"--partition", "host", "--host", "", "-o", to}), "empty"));
    const std::string longest(255, 'a');
    CHECK(test::contains(said({"--partition", "host", "--host", longest, "-o", to}), "too long"));
    CHECK(test::contains(said({"--host", longest + "a", "-o", to}), "longer than 255 bytes"));
    CHECK(test::contains(said({"--partition", "host", "-o", to}, 1), "--host NAME is required"));
}

}  // namespace
