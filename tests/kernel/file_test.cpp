// SPDX-License-Identifier: GPL-2.0-only
//
// Files of real captures, as other tools read them.
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/child.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;

std::string field_of_blocks(const std::string& file, const std::string& name) {
    const std::string text = output_of(
        {"tshark", "-X", "read_format:MIME Files Format", "-r", file, "-T", "fields", "-e", name});
    return text.substr(0, text.find('\n'));
}

}  // namespace

// tshark's dissector of the format itself, which names every field of every block.
TEST_CASE("the blocks of a capture are what the format says") {
    const Loopback lo;
    const TemporaryFolder folder;
    const std::string file = folder.file("blocks.pcapng");
    Capture capture(lo.netns, {"-i", "lo", "-w", file, "--process-blocks"});
    REQUIRE(send_numbered(lo.sender, 0, 5, 100) == 5);
    capture.stop();
    CHECK(field_of_blocks(file, "pcapng.options.option.data.interface.received") == "5");
    CHECK(field_of_blocks(file, "pcapng.options.option.data.interface.delivered_to_user") == "5");
    CHECK(field_of_blocks(file, "pcapng.options.option.data.interface.dropped_by_os") == "0");
    CHECK(field_of_blocks(file, "pcapng.options.option.data.interface.name") == "lo");
    CHECK(field_of_blocks(file, "pcapng.interface_description.snap_length") == "262144");
    for (const char* wrong : {"pcapng.invalid_option_length", "pcapng.block_lengths_dont_match",
                              "pcapng.block_length_not_multiple_of4", "pcapng.no_interfaces",
                              "pcapng.block_length_below_block_content_length"}) {
        CHECK(field_of_blocks(file, wrong).empty());
    }
    require_readable(file);
}

TEST_CASE("a capture says of which host it is, whatever that is called") {
    const Loopback lo;
    const TemporaryFolder folder;
    REQUIRE(unshare(CLONE_NEWUTS) == 0);
    const std::string name = "web 1\x1b[2J";
    REQUIRE(sethostname(name.data(), name.size()) == 0);
    const auto said = [&](const std::vector<std::string>& more) {
        const std::string file = folder.file("host.pcapng");
        std::vector<std::string> arguments = {"-i", "lo", "-w", file};
        arguments.insert(arguments.end(), more.begin(), more.end());
        Capture capture(lo.netns, arguments);
        REQUIRE(send_numbered(lo.sender, 0, 1, 100) == 1);
        capture.stop();
        require_readable(file);
        return output_of({"capinfos", "-k", file});
    };
    CHECK(contains(said({}), " host=web%201%1B[2J\n"));
    CHECK(contains(said({"--host", "db"}), " host=db\n"));
    CHECK_FALSE(contains(said({"--no-host"}), "host="));
}

TEST_CASE("a file of several Ethernet interfaces is one for every reader") {
    const Line line;
    const Cable& cable = line.cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("several.pcapng");
    cable.a.ip("link add vx type veth peer name vy");
    cable.a.ip("link set vx up");
    cable.a.ip("link set vy up");
    const pcapng::Fd raw = packet_socket(cable.a, "vx");
    Capture capture(cable.a, {"-i", "any", "-w", file});
    std::vector<uint8_t> frame = payload_of(1, 100);
    frame[0] = 2;
    REQUIRE(send(raw.get(), frame.data(), frame.size(), 0) == 100);
    REQUIRE(send_numbered(line.sender, 0, 5, 100) == 5);
    capture.stop();
    require_readable(file);
    // vx and vy both see the one frame.
    const std::string count = output_of({"tcpdump", "-n", "--count", "-r", file});
    CHECK(count == "7 packets\n");
}

TEST_CASE("process blocks leave the relative times alone") {
    const Loopback lo;
    const TemporaryFolder folder;
    const std::string file = folder.file("blocks.pcapng");
    const std::string script =
        "echo 1 > /dev/udp/127.0.0.1/9; sleep 0.3; echo 2 > /dev/udp/127.0.0.1/9";
    Capture capture(lo.netns,
                    {"-i", "lo", "-w", file, "--process-blocks", "--", "bash", "-c", script});
    REQUIRE(capture.wait() == 0);
    const auto rows = fields_of(file, {"frame.time_relative", "frame.time_epoch"}, "udp");
    REQUIRE(rows.size() == 2);
    CHECK(std::stod(rows[0][0]) == 0);
    CHECK(std::stod(rows[1][0]) > 0.25);
    CHECK(std::stod(rows[1][0]) < 20);
    CHECK(std::stod(rows[1][1]) - std::stod(rows[0][1]) == Approx(std::stod(rows[1][0])));
    // An entry for the execution of sleep.
    const std::string entries = output_of({"tshark", "-r", file, "-Y", "systemd_journal", "-T",
                                           "fields", "-e", "systemd_journal.message"});
    CHECK(contains(entries, "exec sleep"));
    CHECK(contains(entries, "sleep 0.3"));
    require_readable(file);
}

TEST_CASE("comments say as much as was asked for") {
    const Loopback lo;
    const TemporaryFolder folder;
    const std::string pid = std::to_string(getpid());
    for (const std::string mode : {"full", "intro", "short", "none"}) {
        INFO("--comments " << mode);
        const std::string file = folder.file(mode);
        Capture capture(lo.netns, {"-i", "lo", "-w", file, "--comments", mode});
        REQUIRE(send_numbered(lo.sender, 0, 3, 100) == 3);
        capture.stop();
        const auto rows = fields_of(file, {"frame.comment"});
        REQUIRE(rows.size() == 3);
        for (size_t i = 0; i < rows.size(); i++) {
            INFO(rows[i][0]);
            CHECK(rows[i][0].starts_with("pid=" + pid + " ") == (mode != "none"));
            CHECK(rows[i][0].empty() == (mode == "none"));
            CHECK(contains(rows[i][0], " cmdline=") ==
                  (mode == "full" || (mode == "intro" && i == 0)));
        }
        require_readable(file);
    }
}

TEST_CASE("hostile names do no harm to a file's readers") {
    const Loopback lo;
    const TemporaryFolder folder;
    const std::string file = folder.file("hostile.pcapng");
    const std::vector<std::pair<const char*, std::string>> names = {
        {"\x1b[31mred", "%1B[31mred"},      {"a b=c%20", "a%20b=c%2520"},
        {"two\nlines\r", "two%0Alines%0D"}, {"\xff\xfe\x80", "%FF%FE%80"},
        {"pid=1 comm=x", "pid=1%20comm=x"}, {"umlaut-\xc3\xa4", "umlaut-\xc3\xa4"},
    };
    std::vector<std::unique_ptr<Child>> children;
    for (const auto& [name, encoded] : names) {
        children.push_back(std::make_unique<Child>([name = name] { prctl(PR_SET_NAME, name); },
                                                   [&lo] { send_numbered(lo.sender, 0, 1, 100); }));
    }
    Capture capture(lo.netns, {"-i", "lo", "-w", file, "--process-blocks"});
    for (auto& child : children) {
        child->proceed();
        child->wait_for_exec();
    }
    capture.stop();
    const auto rows = fields_of(file, {"frame.comment"}, "udp");
    REQUIRE(rows.size() == names.size());
    for (size_t i = 0; i < rows.size(); i++) {
        INFO(rows[i][0]);
        CHECK(rows[i][0].starts_with("pid=" + std::to_string(children[i]->pid()) + " "));
        CHECK(contains(rows[i][0], " comm=" + names[i].second + " "));
    }
    require_readable(file);
}
