// SPDX-License-Identifier: GPL-2.0-only
//
// The tutorial of docs/events.md, "Why does my connection fail?": its commands are run as they
// stand there, and show what the page shows.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/pcapng/files.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/netns.h"
#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;
using Strings = std::vector<std::string>;

struct Tutorial {
    Strings commands;  // of root ("#") and of anybody ("$")
    Strings shown;     // what the last one prints
};

Tutorial read_tutorial() {
    const std::string page = content_of(EVENTS_MD);
    const size_t begin = page.find("## Why does my connection fail?");
    REQUIRE(begin != page.npos);
    Tutorial tutorial;
    for (std::string line : lines(page.substr(begin, page.find("\n## ", begin) - begin))) {
        if (!line.starts_with("    ") || line.starts_with("     ")) {
            continue;
        }
        line.erase(0, 4);
        if (line.starts_with("# ") || line.starts_with("$ ")) {
            tutorial.commands.push_back(line.substr(2));
        } else {
            tutorial.shown.push_back(line);
        }
    }
    return tutorial;
}

// A row of `pidcap events`: event and process, and its fields as words, "…" for more.
struct Row {
    std::string event;
    std::string comm;
    Strings fields;
};

Row row_of(const std::string& line) {
    std::istringstream words(line);
    std::string time;
    Row row;
    words >> time >> row.event >> row.comm;
    row.comm.erase(std::min(row.comm.find('['), row.comm.size()));
    bool quoted = false;
    for (std::string word; words >> word;) {
        if (quoted) {
            row.fields.back() += " " + word;
        } else {
            row.fields.push_back(word);
        }
        quoted = quoted != (std::count(word.begin(), word.end(), '"') % 2 == 1);
    }
    return row;
}

std::string name_of(const std::string& field) {
    return field.substr(0, field.find('='));
}

}  // namespace

TEST_CASE("the tutorial on failed connections shows what its commands show") {
    const Tutorial tutorial = read_tutorial();
    REQUIRE(tutorial.commands.size() == 2);
    REQUIRE(tutorial.shown.size() >= 4);
    const Netns netns;
    const TemporaryFolder folder;
    const std::string program = pidcap_command({}).front();
    std::string said;
    for (const std::string& command : tutorial.commands) {
        Process shell(Launch{.arguments = {"bash", "-c",
                                           "cd " + folder.path() +
                                               " && PATH=" + program.substr(0, program.rfind('/')) +
                                               ":/usr/sbin:/usr/bin:/sbin:/bin && unset "
                                               "http_proxy && " +
                                               command},
                             .netns = &netns});
        const int status = shell.wait();
        INFO(command << "\n" << shell.err());
        // curl's, for a connection that is refused.
        CHECK(status == (command.find("-- curl") != command.npos ? 7 : 0));
        said = shell.out();
    }
    const Strings printed = lines(said);
    INFO(said);
    REQUIRE(printed.size() == tutorial.shown.size());
    // What is different each time, or on another machine.
    const std::set<std::string> varying{"cwd", "local", "duration_ns"};
    for (size_t i = 1; i < printed.size(); ++i) {
        const Row expected = row_of(tutorial.shown[i]);
        const Row found = row_of(printed[i]);
        INFO(tutorial.shown[i] << "\n" << printed[i]);
        CHECK(found.event == expected.event);
        CHECK(found.comm == expected.comm);
        for (size_t field = 0; field < expected.fields.size(); ++field) {
            if (expected.fields[field] == "…") {
                break;
            }
            REQUIRE(field < found.fields.size());
            if (varying.contains(name_of(expected.fields[field]))) {
                CHECK(name_of(found.fields[field]) == name_of(expected.fields[field]));
            } else {
                CHECK(found.fields[field] == expected.fields[field]);
            }
        }
    }
}
