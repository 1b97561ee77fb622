// SPDX-License-Identifier: GPL-2.0-only
//
// Every command on a file whose events lie: layouts past the record, descriptions as long as pcapng
// has room for, and names that would control a terminal or end an element of a page.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "tests/cmd/offline/rows.h"
#include "tests/support/command.h"
#include "tests/support/event_capture.h"
#include "tests/support/temporary_folder.h"

using test::Bytes;
using test::EventCapture;
using test::Json;

namespace {

using Strings = std::vector<std::string>;

const std::string kMarkup = "</script><script>alert(1)</script>";
const std::string kControl = "a\x1b]0;title\x07\x1b[2J\r\n\xe2\x80\xae\xff";

// 7 events, a frame on an interface whose description is too long for a layout, and a packet.
class Hostile {
  public:
    Hostile() {
        const EventCapture::Who who{.pid = 812, .comm = "\x1b[31m<b>"};
        const std::string header = "pidcap layout 1; ";
        EventCapture capture(path);
        capture.packet(who);
        // The lying ones: an error that isn't there, a locator that leaves the record, one that
        // names all of it, fields that overlap, an exit code of 64 bits, a signal that is a text.
        capture.event(capture.add_interface("socket:connect",
                                            header + "errno u 0 4; remote sock 4 28; x u 65528 8"),
                      who, Bytes{111, 0, 0});
        capture.event(capture.add_interface(
                          "drop:packet", header + "reason str 0 4; symbol str 4 4; data dyn 4 4"),
                      who, Bytes{0xff, 0xff, 0xff, 0xff, 0, 0, 12, 0, '<', 'b', '>', 7});
        capture.event(capture.add_interface("process:exit",
                                            header + "exit_code u 0 8; signal chars 0 8; exe ptr "
                                                     "0 8; cmdline s 1 1"),
                      who, Bytes(8, 0xff));
        // Texts.
        const std::string texts = kMarkup + kControl;
        Bytes record(texts.begin(), texts.end());
        const std::string placeholder(kControl.size() + kMarkup.size(), 'N');
        const uint32_t named = capture.add_interface(
            placeholder,
            header + "text chars 0 " + std::to_string(record.size()) + "; =x u 0 1; \x1b u 0 1");
        capture.event(named, who, record);
        capture.event(named, packet::Via::kUnknown, record);
        // As much as there is room for: 128 fields, each of them the whole record.
        std::string fields = "pidcap layout 1";
        Bytes locators;
        for (int i = 0; i < 200; ++i) {
            fields += "; f" + std::to_string(i) + " str " + std::to_string(4 * i) + " 4";
            locators.insert(locators.end(), {0, 4, 0, 0xfb});  // 64,256 bytes from 1,024 on
        }
        locators.resize(65'280, 'x');
        const uint32_t largest = capture.add_interface("large:st", fields);
        capture.event(largest, who, locators);
        std::string longest = header + "a u 0 1 [";
        while (longest.size() < 59'990) {
            longest += "1=A,";
        }
        longest.back() = ']';
        capture.event(capture.add_interface("long:est", longest), who, Bytes{1});
        capture.event(capture.add_interface("too:long", header + std::string(65'500, ';')), who,
                      Bytes{1});
        capture.close();
        // Our writer would escape the name.
        Bytes file = test::read_file(path);
        const auto name =
            std::search(file.begin(), file.end(), placeholder.begin(), placeholder.end());
        const std::string raw = kControl + kMarkup;
        std::copy(raw.begin(), raw.end(), name);
        test::write_file(path, file);
    }

    test::TemporaryFolder folder;
    std::string path = folder.file("hostile.pcapng");
};

// The output of a command that succeeds. Of CSV, lines end with \r\n (RFC 4180).
std::string quiet(const Strings& arguments) {
    test::CommandResult said = test::run(test::pidcap(arguments));
    for (size_t at = 0; (at = said.out.find("\r\n", at)) != said.out.npos;) {
        said.out.erase(at, 1);
    }
    INFO(arguments[0] << ": " << said.err);
    CHECK(said.status == 0);
    for (const std::string* text : {&said.out, &said.err}) {
        CHECK(std::none_of(text->begin(), text->end(), [](char c) {
            return static_cast<uint8_t>(c) < ' ' && c != '\n' && c != '\t';
        }));
        CHECK(text->find("\xe2\x80\xae") == std::string::npos);
    }
    return said.out;
}

std::vector<Json> fields_of(const std::string& path) {
    std::vector<Json> fields;
    for (const Json& row : test::rows_of({"events", "--json", path})) {
        fields.push_back(row["fields"]);
    }
    return fields;
}

}  // namespace

TEST_CASE("hostile events control no terminal, and every line and object is there") {
    const Hostile hostile;
    const Strings options[] = {{}, {"-v"}, {"-x"}, {"-tttt"}, {"--tree"}, {"--count"}};
    for (Strings arguments : options) {
        arguments.insert(arguments.begin(), {"read", hostile.path});
        CHECK(quiet(arguments).size() < 400'000);
    }
    CHECK(test::lines(quiet({"read", "-t", hostile.path})).size() == 9);
    CHECK(test::lines(quiet({"read", "--count", hostile.path})) == Strings{"2 packets, 7 events"});
    const Strings table = test::lines(quiet({"events", hostile.path}));
    REQUIRE(table.size() == 8);
    CHECK(table[1].ends_with("socket:connect  \"\\x1b[31m<b>\"[812]"));  // no field is whole
    CHECK(table[2].find("symbol=") != table[2].npos);
    CHECK(table[2].find("reason=") == table[2].npos);  // its locator leads out of the record
    CHECK(quiet({"events", "--json", hostile.path}).size() > 128 * 60'000);
    const std::vector<Json> fields = fields_of(hostile.path);
    CHECK(fields[0] == Json::object());
    CHECK(fields[3].value("text", "").starts_with(kMarkup));
    CHECK(fields[3].size() == 1);
    CHECK(fields[5].size() == 128);
    CHECK(fields[6].value("a.name", "") == "A");
    for (const Strings& command :
         {Strings{"flows"}, Strings{"processes"}, Strings{"events", "--csv"},
          Strings{"events", "--csv-safe"}, Strings{"flows", "--csv"}, Strings{"processes", "--csv"},
          Strings{"processes", "--json"}}) {
        Strings arguments = command;
        arguments.push_back(hostile.path);
        (void)quiet(arguments);
    }
}

TEST_CASE("hostile events in the table of processes are what a number can be") {
    const Hostile hostile;
    const std::vector<Json> rows = test::rows_of({"processes", "--json", hostile.path});
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["exit_code"] == UINT64_MAX);
    CHECK(rows[0]["exit_signal"].is_null());
    CHECK(rows[0]["failed_connections"].is_null());
    CHECK(rows[0]["dropped_packets"] == 1);
}

TEST_CASE("hostile events come unchanged through extract and merge") {
    const Hostile hostile;
    const std::vector<Json> fields = fields_of(hostile.path);
    const std::string out = hostile.folder.file("out.pcapng");
    (void)quiet({"extract", "--pid", "812", hostile.path, "-w", out});
    std::vector<Json> of_process = fields;
    of_process.erase(of_process.begin() + 4);  // which has none
    CHECK(fields_of(out) == of_process);
    (void)quiet({"merge", "--host", "a", hostile.path, "-w", out});
    CHECK(fields_of(out) == fields);
    // A reader that we didn't write finds every frame and every interface.
    CHECK(test::output_of({"capinfos", "-Tmrc", out}).find(",9") != std::string::npos);
    const auto descriptions = [](const std::string& path) {
        return test::output_of({"tshark", "-r", path, "-T", "fields", "-e",
                                "frame.interface_description", "-e", "frame.len"});
    };
    CHECK(descriptions(out) == descriptions(hostile.path));
}

TEST_CASE("hostile events can't leave the report's data") {
    const Hostile hostile;
    const std::string page = hostile.folder.file("page.html");
    (void)quiet({"report", hostile.path, "-o", page});
    const std::string text = test::content_of(page);
    CHECK(text.size() < 2'000'000);
    CHECK(text.find("alert(1)</script>") == std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    const std::string begin = R"(<script type="application/json" id="data">)";
    const size_t from = text.find(begin) + begin.size();
    const Json data = Json::parse(text.substr(from, text.find("</script>", from) - from));
    uint64_t events = 0;
    std::map<std::string, uint64_t> kinds;
    for (const Json& bin : data.at("lane")) {
        kinds[bin.at("kind").get<std::string>()] += bin.at("count").get<uint64_t>();
        events += bin.at("count").get<uint64_t>();
        for (const Json& event : bin.at("events")) {
            CHECK(event.at("fields").get<std::string>().size() <= 300);
        }
    }
    CHECK(events == 7);
    CHECK(kinds == std::map<std::string, uint64_t>{{"drop", 1}, {"end", 1}, {"other", 5}});
    CHECK(data.at("lives").at(0).at("code") == std::to_string(UINT64_MAX));
}
