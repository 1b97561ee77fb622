// SPDX-License-Identifier: GPL-2.0-only
#include <filesystem>
#include <map>

#include "cmd/offline/terminal_table.h"
#include "tests/cmd/offline/rows.h"
#include "tests/cmd/offline/table_text.h"
#include "tests/forensics/told_file.h"
#include "tests/support/temporary_folder.h"

namespace {

using test::Json;
using test::pidcap;
using test::rows_of;
using test::told_file;

uint64_t bytes_of(const Json& row) {
    return row["sent_bytes"].get<uint64_t>() + row["received_bytes"].get<uint64_t>() +
           row["either_bytes"].get<uint64_t>();
}

TEST_CASE("pidcap processes has tshark's sums, the most bytes first") {
    std::map<uint64_t, uint64_t> sent, received;
    for (const test::TsharkPacket& packet : test::tshark_packets(told_file())) {
        if (const auto pid = packet.sender()) {
            sent[*pid] += packet.length;
        }
        if (const auto pid = packet.receiver()) {
            received[*pid] += packet.length;
        }
    }
    const std::vector<Json> rows = rows_of({"processes", "--json", told_file()});
    REQUIRE(rows.size() == 40);
    for (size_t i = 0; i < rows.size(); ++i) {
        const uint64_t pid = rows[i]["pid"];
        INFO("pid " << pid);
        CHECK(rows[i]["sent_bytes"] == sent[pid]);
        CHECK(rows[i]["received_bytes"] == received[pid]);
        CHECK(rows[i]["comm"] == "worker-" + std::to_string((pid - 1000) % 40));
        CHECK(rows[i]["end_time"].is_null());
        CHECK((i == 0 || bytes_of(rows[i - 1]) >= bytes_of(rows[i])));
    }
}

TEST_CASE("a container is shown by its pod and name, and is found by them") {
    const std::string file = std::string(TEST_DATA) + "/ptcpdump-pod.pcapng";
    const auto shown = [&file](const std::vector<std::string>& options) {
        std::vector<std::string> arguments = {"processes", file};
        arguments.insert(arguments.end(), options.begin(), options.end());
        return test::output_of(pidcap(arguments));
    };
    CHECK_THAT(shown({}), Catch::Contains(" shop-x2x7p/web "));
    CHECK_THAT(shown({"--pod", "store/shop-*", "--image", "?", "--container-name", "web"}),
               Catch::Contains("curl[100]"));
    for (const char* pod : {"store", "other/*", "!store/*"}) {
        CHECK_THAT(shown({"--pod", pod}), !Catch::Contains("curl[100]"));
    }
    CHECK_THAT(test::output_of(
                   pidcap({"processes", std::string(TEST_DATA) + "/ptcpdump-container.pcapng"})),
               Catch::Contains(" web "));
    const std::vector<Json> rows = rows_of({"processes", "--json", file});
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["container_name"] == "web");
    CHECK(rows[0]["container_image"] == "x");
    CHECK(rows[0]["pod_name"] == "shop-x2x7p");
    CHECK(rows[0]["pod_namespace"] == "store");
}

TEST_CASE("a selection's sums are those of its packets") {
    uint64_t bytes = 0;
    for (const test::TsharkPacket& packet : test::tshark_packets(told_file())) {
        const bool is_its = packet.sender() == 1007U || packet.receiver() == 1007U;
        bytes += is_its && packet.stream.substr(0, 3) == "udp" && packet.sender() == 1007U
                     ? packet.length
                     : 0;
    }
    const std::vector<Json> rows =
        rows_of({"processes", "--json", "--pid", "1007", "--filter", "udp", told_file()});
    const auto own =
        std::find_if(rows.begin(), rows.end(), [](const Json& row) { return row["pid"] == 1007; });
    REQUIRE(own != rows.end());
    CHECK((*own)["sent_bytes"] == bytes);
    CHECK(bytes > 0);
}

TEST_CASE("several files are counted as the one that they were cut from") {
    const test::TemporaryFolder folder;
    test::output_of({"editcap", "-F", "pcapng", "-c", "1000", told_file(), folder.file("part")});
    std::vector<std::string> parts;
    for (const auto& entry : std::filesystem::directory_iterator(folder.file(""))) {
        parts.push_back(entry.path());
    }
    std::sort(parts.begin(), parts.end());
    REQUIRE(parts.size() > 2);
    for (const std::string command : {"processes", "flows"}) {
        INFO(command);
        std::vector<std::string> of_parts = {command, "--json"};
        of_parts.insert(of_parts.end(), parts.begin(), parts.end());
        const std::string expected = test::output_of(pidcap({command, "--json", told_file()}));
        CHECK((test::output_of(pidcap(of_parts)) == expected));

        // What can't be read among them costs only itself.
        of_parts.insert(of_parts.begin() + 3, folder.file(""));
        const auto told = test::run(pidcap(of_parts));
        CHECK(told.status == 1);
        CHECK((told.out == expected));
        CHECK(test::contains(told.err, "read " + folder.file("")));
    }
}

TEST_CASE("a Darwin process of the second file isn't one of the first") {
    const std::string darwin = TEST_DATA "/darwin.pcapng";
    const std::vector<Json> once = rows_of({"processes", "--json", darwin});
    const std::vector<Json> twice = rows_of({"processes", "--json", darwin, darwin});
    CHECK(twice.size() == 2 * once.size());
    for (const Json& row : twice) {
        CHECK(std::count_if(once.begin(), once.end(), [&](const Json& one) {
                  return one["comm"] == row["comm"] && one["sent_bytes"] == row["sent_bytes"];
              }) == 1);
    }
}

TEST_CASE("any column sorts, both ways") {
    const std::vector<Json> up =
        rows_of({"processes", "--json", "--sort", "received_packets", told_file()});
    const std::vector<Json> down =
        rows_of({"processes", "--json", "--sort", "comm,desc", told_file()});
    for (size_t i = 1; i < up.size(); ++i) {
        CHECK(up[i - 1]["received_packets"] <= up[i]["received_packets"]);
        CHECK(down[i - 1]["comm"].get<std::string>() >= down[i]["comm"].get<std::string>());
    }
    const test::CommandResult wrong =
        test::run(pidcap({"processes", "--sort", "size", told_file()}));
    CHECK(wrong.status == 2);
    CHECK(test::contains(wrong.err, "--sort size: not a column; these are: host, pid,"));
}

TEST_CASE("CSV and JSON say the same") {
    test::TemporaryFolder folder;
    std::ofstream(folder.file("rows.csv"))
        << test::output_of(pidcap({"processes", "--csv", told_file()}));
    const Json csv = test::csv_rows(folder.file("rows.csv"));
    const std::vector<Json> json = rows_of({"processes", "--json", told_file()});
    REQUIRE(csv.size() == json.size() + 1);
    for (size_t i = 0; i < json.size(); ++i) {
        REQUIRE(csv[0].size() == json[i].size());
        for (size_t column = 0; column < csv[0].size(); ++column) {
            const Json& value = json[i][csv[0][column].get<std::string>()];
            const std::string text = value.is_null()     ? ""
                                     : value.is_string() ? value.get<std::string>()
                                                         : value.dump();
            CHECK(csv[i + 1][column] == text);
        }
    }
}

TEST_CASE("the terminal's table ends with what has no process, and why") {
    uint64_t without = 0, packets = 0;
    for (const test::TsharkPacket& packet : test::tshark_packets(told_file())) {
        ++packets;
        without += packet.sender() || packet.receiver() ? 0 : 1;
    }
    const std::string text = test::output_of(pidcap({"processes", told_file()}));
    const std::vector<std::string> lines = test::split(text, '\n');
    REQUIRE(lines.size() == 42);
    CHECK(lines[0].substr(0, 7) == "PROCESS");
    CHECK(lines.back().substr(0, lines.back().find(" packets")) ==
          "without a process: " + std::to_string(without) + " of " + std::to_string(packets));
    CHECK(test::contains(lines.back(), ": kernel "));
}

TEST_CASE("a file that is cut off gives what was readable, the byte, and status 1") {
    test::TemporaryFolder folder;
    std::filesystem::copy(told_file(), folder.file("cut.pcapng"));
    const auto size = std::filesystem::file_size(folder.file("cut.pcapng"));
    std::filesystem::resize_file(folder.file("cut.pcapng"), size / 2 + 5);
    const test::CommandResult result =
        test::run(pidcap({"processes", "--json", folder.file("cut.pcapng")}));
    CHECK(result.status == 1);
    CHECK(test::json_lines(result.out).size() == 40);
    CHECK(test::contains(result.err, "cut.pcapng, offset "));

    const test::CommandResult missing = test::run(pidcap({"processes", folder.file("none")}));
    CHECK(missing.status == 1);
    CHECK(test::contains(missing.err, folder.file("none")));
    CHECK(test::run(pidcap({"processes"})).status == 2);
    CHECK(test::run(pidcap({"processes", "--csv", "--json", told_file()})).status == 2);
}

TEST_CASE("a reader who leaves early is a quiet end") {
    const test::CommandResult result =
        test::run({"sh", "-c", "\"$0\" export --format csv --table packets \"$1\" | head -n 2",
                   PIDCAP_PROGRAM, told_file()});
    CHECK(result.status == 0);
    CHECK(result.err.empty());
}

TEST_CASE("a table is as wide as the terminal, and colours don't count") {
    const cmd::Heading headings[] = {{"NAME"}, {"BYTES", true}, {"WHAT"}};
    const std::vector<std::vector<cmd::Cell>> rows = {
        {{"grün", "\x1b[32m"}, {"5 B"}, {"a command that is long"}},
        {{"b"}, {"1.5 MiB"}, {""}},
    };
    CHECK(test::table_text(headings, rows, 0, false) ==
          "NAME    BYTES  WHAT\n"
          "grün      5 B  a command that is long\n"
          "b     1.5 MiB\n");
    CHECK(test::table_text(headings, rows, 20, true) ==
          "\x1b[1mNAME\x1b[0m    \x1b[1mBYTES\x1b[0m  \x1b[1mWHAT\x1b[0m\n"
          "\x1b[32mgrün\x1b[0m      5 B  a com\n"
          "b     1.5 MiB\n");
}

TEST_CASE("what a process calls itself doesn't reach the terminal") {
    forensics::Process process;
    process.comm = "\x1b[2Jx[1] -> y";
    process.pid = 5;
    CHECK(cmd::process_cell(&process, {}).text == "\"\\x1b[2Jx[1] -> y\"[5]");
    process.comm = "x";
    process.host =
        "we\x1b"
        "b";
    CHECK(cmd::process_cell(&process, {}).text == "we\\x1bb:x[5]");
    CHECK(cmd::process_cell(&process, process.host).text == "x[5]");
    CHECK(cmd::cell_text("a\nb\xff") == "a\\x0ab\\xff");
    CHECK(cmd::cell_text("gründlich", 5) == "grün…");
    CHECK(cmd::bytes_text(1023) == "1023 B");
    CHECK(cmd::bytes_text(1536) == "1.5 KiB");
    CHECK(cmd::seconds_text(1'250'000'000) == "1.25 s");
}

}  // namespace
