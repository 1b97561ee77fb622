// SPDX-License-Identifier: GPL-2.0-only
//
// The real Wireshark, live, through the extcap program and with the profile: what its own
// dissection says of packets whose processes the test knows, and what clicks and keys do.
#include <signal.h>
#include <algorithm>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/pcapng/files.h"
#include "tests/support/netns.h"
#include "tests/support/process.h"
#include "tests/support/tc_program.h"
#include "tests/support/temporary_folder.h"
#include "tests/wireshark/gui.h"

using namespace test;

namespace {

constexpr const char* kCapturing = "Capturing from pidcap: lo";
constexpr const char* kCaptured = "^\\*pidcap: lo";

const std::vector<std::string> kLive = {"-k", "-i", "pidcap-lo", "-C", "Processes"};

// Where the profile puts them in a window of Gui::kWidth, which is as good as Debian's fonts.
struct Point {
    int x;
    int y;
};
constexpr Point kProcessesField{400, 109};
constexpr Point kLogButton{1345, 109};

// A line for each packet that Wireshark taps: ICMP's type or TCP's source port, pid, name.
constexpr const char* kPackets = R"(
local out = io.open(OUT .. "packets", "w")
local icmp, port = Field.new("icmp.type"), Field.new("tcp.srcport")
local pid, comm = Field.new("process.pid"), Field.new("process.comm")
local tap = Listener.new("frame", "icmp or tcp")
local function text(info)
    return info and tostring(info.value) or "-"
end
function tap.packet()
    out:write(icmp() and "icmp " .. text(icmp()) or "tcp " .. text(port()), " ", text(pid()), " ", text(comm()), "\n")
    out:flush()
end
)";

// What the windows of the menu Statistics show, each in a file of its own.
constexpr const char* kWindows = R"(
local new, count = TextWindow.new, 0
rawset(TextWindow, "new", function(title)
    local window = new(title)
    count = count + 1
    local name = OUT .. "window" .. count
    return {
        set = function(_, text)
            window:set(text)
            local file = io.open(name .. ".new", "w")
            file:write(title, "\n", text)
            file:close()
            os.rename(name .. ".new", name)
        end,
        set_atclose = function(_, f) window:set_atclose(f) end,
    }
end)
)";

Process ping(const Netns& netns, const std::string& program, const char* interval) {
    return Process(
        Launch{.arguments = {program, "-q", "-i", interval, "127.0.0.1"}, .netns = &netns});
}

// A copy of a program, so that its processes have a name of their own.
std::string renamed(const TemporaryFolder& folder, const std::string& program,
                    const std::string& name) {
    std::filesystem::copy_file(program, folder.file(name));
    return folder.file(name);
}

std::string line(const std::string& what, const Process& process, const std::string& name) {
    return what + " " + std::to_string(process.pid()) + " " + name;
}

size_t count(const std::vector<std::string>& all, const std::string& one) {
    return static_cast<size_t>(std::count(all.begin(), all.end(), one));
}

// Does it again, as a person would, where nothing follows from it: a key or a click may be lost.
void do_until(const std::string& what, const std::function<void()>& act,
              const std::function<bool()>& done) {
    wait_until(what, [&] {
        act();
        return comes_true(done, std::chrono::seconds(10));
    });
}

int hooks(const Netns& netns) {
    const InNetns inside(netns);
    return count_tcx("lo");
}

}  // namespace

TEST_CASE("Wireshark's window says live whose packets they are, and stops without a trace") {
    const Netns netns;
    const TemporaryFolder folder;
    const Process pinger = ping(netns, "ping", "0.2");
    Gui gui(netns, {.arguments = kLive, .script = kPackets});
    gui.window(kCapturing);
    wait_until("the hooks", [&] { return hooks(netns) > 0; });

    Process server(Launch{
        .arguments = {renamed(folder, "/usr/bin/nc", "the-server"), "-lvN", "127.0.0.1", "9000"},
        .netns = &netns});
    server.wait_for("Listening");
    Process client(Launch{.arguments = {renamed(folder, "/usr/bin/nc", "the-client"), "-N", "-p",
                                        "9001", "127.0.0.1", "9000"},
                          .netns = &netns});
    const std::vector<std::string> expected = {
        line("icmp 8", pinger, "ping"), line("icmp 0", pinger, "ping"),
        line("tcp 9000", server, "the-server"), line("tcp 9001", client, "the-client")};
    std::vector<std::string> seen;
    wait_until("packets of each", [&] {
        seen = lines(content_of(gui.out("packets")));
        return count(seen, expected[2]) >= 2 && count(seen, expected[3]) >= 3 &&
               count(seen, expected[1]) >= 3;
    });
    CHECK(server.wait() == 0);
    CHECK(client.wait() == 0);
    for (const std::string& one : std::set<std::string>(seen.begin(), seen.end())) {
        INFO(one);
        CHECK(count(expected, one) == 1);
    }

    const std::vector<pid_t> capturing = gui.running("pidcap-extcap");
    REQUIRE(capturing.size() == 1);
    const auto stopped = std::chrono::steady_clock::now();
    gui.press(kCapturing, {"ctrl+e"});
    wait_until("the end of pidcap-extcap", [&] { return gui.running("pidcap-extcap").empty(); });
    // Wireshark would kill it after 30 s.
    CHECK(std::chrono::steady_clock::now() - stopped < std::chrono::seconds(10));
    CHECK(hooks(netns) == 0);
    gui.window(kCaptured);
    CHECK(gui.running("dumpcap").empty());

    // What Wireshark would save; and the profile's columns, by tshark.
    const std::string file = gui.capture_file();
    REQUIRE(gui.files().count(file, "icmp and !(process.comm == \"ping\")") == 0);
    REQUIRE(gui.files().count(file, "frame.comment contains \"comm=the-client \"") >= 3);
    const std::string listed = gui.files().tshark({"-C", "Processes", "-r", file, "-Y", "icmp"});
    CHECK(contains(listed, " ping " + std::to_string(pinger.pid()) + " root sender "));
    CHECK(contains(listed, " ping " + std::to_string(pinger.pid()) + " root receiver "));

    gui.press(kCaptured, {"ctrl+q"});
    gui.press("Unsaved packets", {"alt+w"});
    CHECK(gui.process().wait() == 0);
    CHECK_FALSE(contains(gui.process().err(), "Lua"));
}

TEST_CASE("when Wireshark is killed the capture ends, without a packet that would tell it") {
    const Netns netns;
    Gui gui(netns, {.arguments = kLive});
    gui.window(kCapturing);
    wait_until("the hooks", [&] { return hooks(netns) > 0; });
    gui.process().signal(SIGKILL);
    wait_until("the end of pidcap-extcap", [&] { return gui.running("pidcap-extcap").empty(); });
    CHECK(hooks(netns) == 0);
}

TEST_CASE("an expression in the toolbar narrows a capture of Wireshark's at once") {
    const Netns netns;
    const TemporaryFolder folder;
    const Process one = ping(netns, renamed(folder, "/usr/bin/ping", "one"), "0.1");
    const Process two = ping(netns, renamed(folder, "/usr/bin/ping", "two"), "0.1");
    Gui gui(netns, {.arguments = kLive, .script = kPackets});
    gui.window(kCapturing);
    const auto last_names = [&gui](size_t packets) {
        const std::vector<std::string> seen = lines(content_of(gui.out("packets")));
        std::set<std::string> names;
        for (size_t i = packets <= seen.size() ? seen.size() - packets : 0; i < seen.size(); ++i) {
            names.insert(seen[i].substr(seen[i].rfind(' ') + 1));
        }
        return names;
    };
    using Names = std::set<std::string>;
    wait_until("packets of both", [&] { return last_names(20) == Names{"one", "two"}; });

    // As a person would: away with a message box, all that was there is selected, and replaced by
    // what can be typed without Shift, which xdotool may let go of too early.
    const auto apply = [&gui](const std::string& expression) {
        gui.dismiss("^Wireshark$");
        gui.click(kProcessesField.x, kProcessesField.y);
        gui.press(kCapturing, {"ctrl+a", "BackSpace"});
        if (!expression.empty()) {
            gui.type(kCapturing, expression);
        }
        gui.press(kCapturing, {"Return"});
    };
    const auto apply_until = [&](const std::string& expression, const std::function<bool()>& done) {
        do_until(
            "what follows from: " + expression, [&] { apply(expression); }, done);
    };
    apply_until("comm = two", [&] { return last_names(20) == Names{"two"}; });
    apply_until("comm one", [&] { return gui.find_window("^Wireshark$").has_value(); });
    apply_until("comm = one", [&] { return last_names(20) == Names{"one"}; });
    apply_until("", [&] { return last_names(20) == Names{"one", "two"}; });

    gui.click(kLogButton.x, kLogButton.y);
    gui.window("pidcap-lo Log");
}

TEST_CASE("tables in the menu Statistics follow a live capture, each packet counted once") {
    const Netns netns;
    const Process pinger = ping(netns, "ping", "0.01");
    Gui gui(netns, {.arguments = kLive, .script = kWindows});
    gui.window(kCapturing);
    constexpr int kOpened = 4;
    for (int i = 1; i <= kOpened; ++i) {
        // "Processes" is the 15th entry.
        std::vector<std::string> keys(15, "Down");
        keys[0] = "alt+s";
        keys.push_back("Return");
        do_until(
            "a table", [&] { gui.press(kCapturing, keys); },
            [&] { return std::filesystem::exists(gui.out("window" + std::to_string(i))); });
    }
    gui.press(kCapturing, {"ctrl+e"});
    gui.window(kCaptured);
    // What the file says. An echo reply whose request had passed before the start is nobody's.
    const std::vector<std::string> times =
        lines(gui.files().tshark({"-r", gui.capture_file(), "-Y", "process.comm == \"ping\"", "-T",
                                  "fields", "-e", "frame.time_relative"}));
    const std::string packets = std::to_string(times.size());
    const std::string first = times.at(0).substr(0, std::string("0.000000").size());
    for (int i = 1; i <= kOpened; ++i) {
        const std::string path = gui.out("window" + std::to_string(i));
        std::vector<std::string> words;
        wait_until("all packets in the table", [&] {
            const std::vector<std::string> shown = lines(content_of(path));
            CHECK(shown.at(0) == "Processes");
            std::istringstream row(shown.size() > 2 ? shown[2] : "");
            words.assign(std::istream_iterator<std::string>(row), {});
            return words.size() > 9 && std::stoul(words[3]) >= std::stoul(packets);
        });
        CHECK(words[0] == "ping");
        CHECK(words[1] == std::to_string(pinger.pid()));
        CHECK(words[3] == packets);
        CHECK(words[8] == first);
    }
}

TEST_CASE("without capabilities Wireshark shows what to do in a box, and goes on") {
    const Netns netns;
    Gui gui(netns, {.arguments = kLive, .with_capabilities = false});
    gui.window("^Wireshark$");  // the box; Wireshark has one more, of "No packets"
    wait_until("Wireshark's first page again", [&gui] {
        gui.dismiss("^Wireshark$");
        return gui.find_window("^The Wireshark Network Analyzer").has_value();
    });
    CHECK(gui.running("pidcap-extcap").empty());
    CHECK(gui.running("dumpcap").empty());
    gui.press("^The Wireshark Network Analyzer", {"ctrl+q"});
    CHECK(gui.process().wait() == 0);
}
