// SPDX-License-Identifier: GPL-2.0-only
//
// The dissector on files that aren't as pidcap wrote them: other tools', rewritten, without
// comments, hostile.
#include <fmt/format.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "packet/process_comment.h"
#include "pcapng/text.h"
#include "tests/pcapng/files.h"
#include "tests/wireshark/wireshark.h"

using namespace test;
using namespace std::string_literals;

namespace {

using Strings = std::vector<std::string>;

std::string copy_of_sample(const Wireshark& wireshark, const std::string& name) {
    std::filesystem::copy(sample(name), wireshark.file(name));
    return wireshark.file(name);
}

// What a terminal would obey, or is no UTF-8.
bool is_safe(const std::string& text) {
    std::string_view rest = text;
    while (!rest.empty()) {
        char32_t code_point = 0;
        const size_t length = pcapng::decode_utf8(rest, code_point);
        if (length == 0 || (code_point < 0x20 && code_point != '\n' && code_point != '\t') ||
            !(code_point < 0x20 || pcapng::is_shown(code_point) || code_point == 0xA0)) {
            return false;
        }
        rest.remove_prefix(length);
    }
    return true;
}

Strings hostile_names() {
    Strings names = {"a b",
                     "100%",
                     "%00",
                     "\x1b[2J\x1b]0;x\x07",
                     "new\nline",
                     "cr\rtab\t|",
                     "\xff\xfe",
                     "cut\xe2\x82",
                     "\xed\xa0\x80",
                     "\xc0\xaf",
                     "\xf4\x90\x80\x80",
                     "caf\u00e9 \u65e5\u672c",
                     "\u202Eevil",
                     "\u2028",
                     "\u009B31m",
                     "pid=1 uid=0",
                     "<script>alert(1)</script>\"'&",
                     ",;=\\x41\\n",
                     "nul\0nul"s,
                     "\0"s,
                     "%s%n%d",
                     std::string(300, '%'),
                     std::string(5000, 'x')};
    // Both sides of every bound of what is shown.
    for (const char32_t c :
         {0x7Eu,    0x7Fu,    0x80u,    0xA0u,    0xA1u,    0xADu,     0x200Fu,
          0x2010u,  0x2027u,  0x202Fu,  0x2030u,  0xD7FFu,  0xE000u,   0xFDD0u,
          0xFDF0u,  0xFE0Fu,  0xFE10u,  0xFEFFu,  0xFFFDu,  0xFFFEu,   0xFFFFu,
          0x10000u, 0x1FFFEu, 0xDFFFFu, 0xE0FFFu, 0xE1000u, 0x10FFFDu, 0x10FFFFu}) {
        std::string name = "c";
        if (c < 0x80) {
            name += static_cast<char>(c);
        } else if (c < 0x800) {
            name += {static_cast<char>(0xC0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3F))};
        } else if (c < 0x10000) {
            name +=
                {static_cast<char>(0xE0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 0x3F)),
                 static_cast<char>(0x80 | (c & 0x3F))};
        } else {
            name +=
                {static_cast<char>(0xF0 | (c >> 18)), static_cast<char>(0x80 | ((c >> 12) & 0x3F)),
                 static_cast<char>(0x80 | ((c >> 6) & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
        }
        names.push_back(name);
    }
    return names;
}

}  // namespace

TEST_CASE("a hostile name is shown as pidcap itself shows it, in fields, tree and columns") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    Strings comments;
    for (const std::string& name : hostile_names()) {
        std::string comment;
        packet::Process process;
        process.pid = 1;
        process.comm = process.exe = process.parent_comm = process.user = process.cgroup = name;
        packet::append_process(comment, process, 0, packet::Via::kSocket);
        packet::append_introduction(comment, process);
        comments.push_back(comment);
    }
    write_comments(path, comments);
    // `-T fields` of 4.4 doubles a backslash, that of 4.0 doesn't.
    const bool doubles = wireshark.version() >= 404;
    const auto fields = wireshark.fields(
        path, {"process.comm", "process.exe", "process.parent", "process.user", "process.cgroup"});
    REQUIRE(fields.size() == comments.size());
    for (size_t i = 0; i < fields.size(); ++i) {
        std::string shown = pcapng::shown_text(hostile_names()[i]);
        for (size_t at = 0; doubles && (at = shown.find('\\', at)) != std::string::npos; at += 2) {
            shown.insert(at, 1, '\\');
        }
        INFO(shown);
        for (const std::string& value : fields[i]) {
            CHECK(value == shown);
        }
    }
    for (const Strings& arguments :
         {Strings{"-V"}, Strings{"-o", "pidcap.info:TRUE"}, Strings{"-C", "Processes"},
          Strings{"-T", "json"}, Strings{"-q", "-z", "pidcap,processes"}}) {
        Strings all = {"-r", path};
        all.insert(all.end(), arguments.begin(), arguments.end());
        INFO(arguments.back());
        // The comment itself, which Wireshark shows too, has no such bytes.
        CHECK(is_safe(wireshark.tshark(all)));
    }
    CHECK(wireshark.count(path, "process.comm == \"<script>alert(1)</script>\\\"'&\"") == 1);
    CHECK(wireshark.count(path, "process.comm == \"a b\"") == 1);
    CHECK(wireshark.count(path, "process.comm == \"new%0Aline\"") == 1);
}

TEST_CASE("only a comment that follows the grammar to its end is one of pidcap's") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    Strings no = {"pid=1 ",
                  "pid=1  tid=2",
                  "pid=",
                  "pid=x",
                  "pid=-1",
                  "pid=4294967296",
                  "pid=1 comm=%",
                  "pid=1 x=%4",
                  "pid=1 x=%GG",
                  "pid=1 Comm=x",
                  "pid=1 comm",
                  "pid=1 9=x",
                  " pid=1",
                  "comm=x pid=1",
                  "via=",
                  "pid=1 x=a\tb",
                  "Pid=1",
                  "pid=1;comm=x",
                  "pid=1 is mine",
                  "pid=99999999999999999999 via=socket",
                  "pid=1.5",
                  "pid=0x10",
                  "pid=1 =x",
                  "pid=1 peer.pid",
                  "pid=1 peer.comm=%"};
    const Strings yes = {"pid=1",           "pid=4294967295", "via=socket",
                         "via=new-in-2030", "pid=1 comm=",    "pid=01",
                         "pid=1 x.y-z_0=",  "pid=%31",        "pid=1 later=%0a%FF pid=2"};
    if (wireshark.version() < 404) {
        // Later ones have put U+FFFD in its place before anybody sees it.
        no.insert(no.end(), {"pid=1 x=\xff", "pid=1 x=\xc3", "pid=1 x=\xed\xa0\x80"});
    }
    Strings comments = no;
    comments.insert(comments.end(), yes.begin(), yes.end());
    write_comments(path, comments);
    const auto seen = wireshark.fields(path, {"pidcap", "process.pid"});
    REQUIRE(seen.size() == comments.size());
    for (size_t i = 0; i < seen.size(); ++i) {
        INFO(comments[i]);
        CHECK(packet::parse_comment(comments[i]).has_value() == (i >= no.size()));
        CHECK(seen[i][0].empty() == (i < no.size()));
    }
    CHECK(seen[no.size() + 1][1] == "4294967295");
    CHECK(seen.back()[1] == "1");
}

TEST_CASE("a number that isn't one, or is too big, counts as absent") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    write_comments(
        path, {"pid=1 tid=x uid=4294967296 ppid= netns=-1 nspid=1.0 st=abc",
               "pid=1 tid=99999999999999999999999 uid=1e3 netns=99999999999999999999 "
               "st=999999999999999999999",
               "pid=1 uid=4294967295 netns=9007199254740991 st=18446744073709551615",
               "pid=1 netns=0 st=0", "pid=1 st=99999999999999999999 peer.pid=abc", "pid=1 st=1"});
    const auto seen =
        wireshark.fields(path, {"process.tid", "process.uid", "process.ppid", "process.netns",
                                "process.nspid", "process.id", "process.peer.pid"});
    CHECK(seen == std::vector<Row>{
                      {"", "", "", "", "", "", ""},
                      {"", "", "", "", "", "", ""},
                      {"", "4294967295", "", "9007199254740991", "", "1-18446744073709551615", ""},
                      {"", "", "", "0", "", "1-0", ""},
                      {"", "", "", "", "", "1-99999999999999999999", ""},
                      {"", "", "", "", "", "1-1", ""}});
}

TEST_CASE("random comments upset neither the tree nor the tables") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    std::mt19937 random(1);  // the same each time
    const Strings parts = {
        "pid=",    "1",     " ",    "comm=",        "%",     "41",      "%00",   "\xff",
        "=",       "peer.", "st=",  "999999999999", "via=",  "unknown", "PID: ", "\n",
        "Cmd: /x", "uid=",  "\x1b", "cmdline=",     "\u202e"};
    Strings comments;
    for (int i = 0; i < 3000; ++i) {
        std::string comment = i % 2 == 0 ? "pid=1" : "";
        for (size_t n = random() % 12; n > 0; --n) {
            comment += parts[random() % parts.size()];
        }
        comments.push_back(comment);
    }
    write_comments(path, comments);
    (void)wireshark.tshark({"-r", path, "-V"});
    const std::string seen =
        wireshark.tshark({"-r", path, "-2", "-q", "-z", "pidcap,processes", "-z", "pidcap,flows"});
    CHECK(is_safe(seen));
    CHECK(contains(seen, "(no process)"));
}

TEST_CASE("long comments take no more time than their length") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    Strings comments;  // more than the dissector keeps
    for (int i = 0; i < 30; ++i) {
        const std::string end = std::to_string(i);
        comments.push_back("PID: " + end + "\nCmd: x" + std::string(60000, ' ') + end);
        comments.push_back("PID: " + end + "\nCmd: /" + std::string(60000, 'a') + "/" + end);
        comments.push_back("PID: " + end + "\nCmd: " + std::string(60000, '/') + end);
        comments.push_back("pid=" + end + " exe=" + std::string(60000, 'a') + "/%20");
        std::string escapes = "pid=" + end + " comm=";
        for (int k = 0; k < 20000; ++k) {
            escapes += "%20";
        }
        comments.push_back(escapes);
    }
    write_comments(path, comments);
    CHECK(wireshark.count(path, "process.pid") == comments.size());
    CHECK(wireshark.tshark({"-r", path, "-q", "-z", "pidcap,processes", "-z", "pidcap,flows"})
              .size() < 1000000);
}

TEST_CASE("the dissector that is loaded twice is there once") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    write_comments(path, {"pid=7 comm=dig via=socket"});
    // From a second folder, as one of its own beside that of everyone.
    const std::string again = wireshark.file("pidcap.lua");
    std::filesystem::copy(DISSECTORS "/pidcap.lua", again);
    std::filesystem::copy(DISSECTORS "/pidcap", wireshark.file("pidcap"));
    REQUIRE(::chmod(again.c_str(), 0644) == 0);
    const std::string script = "lua_script:" + again;
    CHECK(wireshark.fields(path, {"process.pid", "process.comm"}, {"-X", script}) ==
          std::vector<Row>{{"7", "dig"}});
}

TEST_CASE("ours is found among several comments") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    const std::string more = wireshark.file("more.pcapng");
    write_comments(path, {"pid=7 comm=dig via=socket", "looks odd"});
    (void)output_of(
        {"editcap", "-a", "1:a person's note", "-a", "2:pid=8 comm=drill via=socket", path, more});
    REQUIRE(::chmod(more.c_str(), 0644) == 0);
    CHECK(wireshark.fields(more, {"process.pid", "process.comm"}).size() == 2);
    // Older editcaps replace a comment instead of adding one.
    const auto comments = wireshark.fields(more, {"frame.comment", "process.comm"});
    CHECK(comments[0][1] == (contains(comments[0][0], "pid=7") ? "dig" : ""));
    CHECK(comments[1][1] == "drill");
}

TEST_CASE("a file of ptcpdump has its processes, too") {
    const Wireshark wireshark;
    const std::string path = copy_of_sample(wireshark, "ptcpdump-0.37.pcapng");
    const auto seen =
        wireshark.fields(path,
                         {"process.pid", "process.name", "process.exe", "process.cmdline",
                          "process.uid", "process.ppid", "process.parent", "process.via"},
                         {"-Y", "process.pid == 310"});
    REQUIRE(seen.size() == wireshark.count(path, "frame.comment contains \"PID: 310\""));
    REQUIRE_FALSE(seen.empty());
    CHECK(seen[0] == Row{"310", "python3", "/usr/bin/python3",
                         "python3 /in/act.py - tcpclient fd09::2 8018", "0", "161", "python3.13",
                         ""});
    CHECK(wireshark.count(path, "process.pid and !frame.comment") == 0);
    CHECK(wireshark.count(path, "!frame.comment and pidcap") == 0);
}

TEST_CASE("a comment that names a PID on a line of its own is taken for what it says") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    write_comments(path, {"PID: 123",
                          "PID: 123\nCmd: /opt/a b/run me\nArgs: \x1b[2J\nContainerName: "
                          "web\nContainerId: c0ffee\nContainerImage: i",
                          "the PID: 5", "PID: x", "PID: 4294967296"});
    const auto seen =
        wireshark.fields(path, {"process.pid", "process.name", "process.exe", "process.container",
                                "process.container.name", "process.container.image"});
    CHECK(seen == std::vector<Row>{{"123", "", "", "", "", ""},
                                   {"123", "run me", "/opt/a b/run me", "c0ffee", "web", "i"},
                                   {"", "", "", "", "", ""},
                                   {"", "", "", "", "", ""},
                                   {"", "", "", "", "", ""}});
}

TEST_CASE("Apple's process blocks count where Wireshark reads them") {
    const Wireshark wireshark;
    const std::string path = copy_of_sample(wireshark, "darwin.pcapng");
    const auto seen = wireshark.fields(path, {"process.pid", "process.comm"});
    REQUIRE(seen.size() == 4);
    if (wireshark.version() < 406) {
        CHECK(seen[0] == Row{"", ""});
        return;
    }
    const auto native = wireshark.fields(
        path, {"frame.darwin.process_info.pid", "frame.darwin.process_info.pname"});
    CHECK(seen == native);
    CHECK(seen[0] == Row{"501", "curl"});
}

TEST_CASE("a file without comments is as it was") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    write_comments(path, Strings(5));
    CHECK(wireshark.count(path, "pidcap or process.via or _ws.expert") == 0);
    CHECK_FALSE(contains(wireshark.tshark({"-r", path, "-V"}), "Process"));
    CHECK(wireshark.table(path, "pidcap,processes")[0][0] == "(no process)");
    for (const char* name : {"journal.pcapng", "pib.pcapng"}) {
        (void)wireshark.tshark({"-r", copy_of_sample(wireshark, name), "-V"});
    }
}

TEST_CASE("a file that editcap, mergecap or tshark has rewritten says the same") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    Strings comments;
    for (int i = 0; i < 20; ++i) {
        comments.push_back(fmt::format("pid={} comm=c%20{} st=1763650000000000000 via=socket{}",
                                       i % 4, i % 4,
                                       i < 4 ? fmt::format(" cmdline=run%20{}", i) : ""));
    }
    write_comments(path, comments);
    const Strings names = {"process.pid", "process.comm", "process.start", "process.cmdline",
                           "process.via"};
    const auto original = wireshark.fields(path, names);
    REQUIRE(original[19] == Row{"3", "c 3", original[19][2], "run 3", "socket"});
    const std::string out = wireshark.file("out.pcapng");
    for (const Strings& command :
         {Strings{"editcap", path, out}, Strings{"mergecap", "-w", out, path},
          Strings{"tshark", "-r", path, "-w", out},
          Strings{"tshark", "-r", path, "-Y", "udp", "-w", out}}) {
        INFO(command[0] << " " << command[1]);
        std::filesystem::remove(out);
        (void)output_of(command);
        REQUIRE(::chmod(out.c_str(), 0644) == 0);
        CHECK(wireshark.fields(out, names) == original);
    }
    // Without the packets that introduced them the processes are known by what is left.
    std::filesystem::remove(out);
    (void)output_of({"editcap", path, out, "1-4"});
    REQUIRE(::chmod(out.c_str(), 0644) == 0);
    CHECK(wireshark.fields(out, names).at(0) == Row{"0", "c 0", original[4][2], "", "socket"});
}
