// SPDX-License-Identifier: GPL-2.0-only
//
// Interfaces made and named by somebody who means harm, or just many; ones that can't be captured;
// other names; and too few file descriptors.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "capture/file_sink.h"
#include "capture/session.h"
#include "pcapng/reader.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;
using pcapng::Result;
using Names = std::vector<std::string>;

ifreq named(const std::string& name) {
    ifreq request{};
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    return request;
}

void rename(const Netns& netns, const std::string& from, const std::string& to) {
    const InNetns inside(netns);
    const pcapng::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request = named(from);
    to.copy(request.ifr_newname, IFNAMSIZ - 1);
    INFO(from << " to " << to);
    REQUIRE(ioctl(socket.get(), SIOCSIFNAME, &request) == 0);
}

// A device of a link layer that can't be captured. It goes with the descriptor.
pcapng::Fd odd_device(const Netns& netns, const std::string& name) {
    const InNetns inside(netns);
    pcapng::Fd tun(open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
    ifreq request = named(name);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    REQUIRE(ioctl(tun.get(), TUNSETIFF, &request) == 0);
    REQUIRE(ioctl(tun.get(), TUNSETLINK, ARPHRD_CAN) == 0);
    return tun;
}

Names interfaces_of(const std::string& file) {
    auto reader = pcapng::Reader::open_file(file);
    REQUIRE(reader.ok());
    Names names;
    while (true) {
        auto block = reader->next();
        REQUIRE(block.ok());
        if (!*block) {
            return names;
        }
        if (const auto* interface = std::get_if<pcapng::InterfaceRead>(&**block)) {
            names.emplace_back(interface->name);
        }
    }
}

// Those of send_numbered() with 100 bytes.
constexpr const char* kNumbered = "udp.length == 108";

void limit_files(rlim_t soft, rlim_t hard) {
    const rlimit limit{soft, hard};
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

void add_pairs(const Netns& netns, int count) {
    for (int i = 0; i < count; i++) {
        const std::string number = std::to_string(i);
        netns.ip("link add a" + number + " type veth peer name b" + number);
    }
}

// A session that writes to a file.
struct FileSession {
    Result<std::unique_ptr<capture::Session>> opened;
    Result<capture::FileSink> sink;
    capture::Session& session;

    FileSession(const capture::SessionOptions& options, const std::string& file)
        : opened(open(options)), sink(write_to(file)), session(**opened) {
        REQUIRE(session.start(*sink).ok());
    }

  private:
    static Result<std::unique_ptr<capture::Session>> open(const capture::SessionOptions& options) {
        auto opened = capture::Session::open(options);
        REQUIRE(opened.ok());
        return opened;
    }
    static Result<capture::FileSink> write_to(const std::string& file) {
        auto output = pcapng::Output::open_file(file);
        REQUIRE(output.ok());
        auto sink = capture::FileSink::create(*std::move(output), {}, "test");
        REQUIRE(sink.ok());
        return sink;
    }
};

// Until the session has followed what the kernel has said of interfaces.
void let_follow(capture::Session& session) {
    for (int rounds = 0; rounds < 30; rounds++) {
        REQUIRE(session.step().ok());
        REQUIRE(session.wait({}, -1, 1).ok());
    }
}

// Until the session has handed so many packets over: a busy machine takes its time.
void let_capture(capture::Session& session, uint64_t packets) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    for (uint64_t captured = 0; captured < packets;) {
        REQUIRE(std::chrono::steady_clock::now() < end);
        REQUIRE(session.step().ok());
        REQUIRE(session.wait({}, -1, 1).ok());
        captured = 0;
        for (const auto& counters : session.counters()) {
            captured += counters.captured;
        }
    }
}

}  // namespace

TEST_CASE("names and interfaces without packets write nothing") {
    const Line line;
    const Netns& netns = line.cable.a;
    const TemporaryFolder folder;
    const std::string file = folder.file("storm.pcapng");
    Capture capture(Launch{.arguments = {"--netns", netns.path(), "-w", file}});
    std::string name = "va";
    for (int i = 0; i < 3000; i++) {
        const std::string next = "n" + std::to_string(i);
        rename(netns, name, next);
        name = next;
    }
    for (int i = 0; i < 20; i++) {
        netns.ip("link add x type veth peer name y");
        netns.ip("link set x up");
        netns.ip("link del x");
    }
    rename(netns, name, "uplink");
    netns.ip("neigh replace 10.7.0.2 lladdr 02:00:00:00:00:0b dev uplink nud permanent");
    // It may still be busy with what came before.
    for (int tries = 0; tries < 600 && !contains(run({"capinfos", file}).out, "/uplink\n");
         tries++) {
        REQUIRE(send_numbered(line.sender, 0, 1, 50) == 1);
        usleep(50'000);
    }
    REQUIRE(send_numbered(line.sender, 0, 5, 100) == 5);
    capture.stop();
    // Packets that were sent before it had followed belong to a name before.
    const Names names = interfaces_of(file);
    CHECK(names.size() <= 10);
    CHECK(names.back().ends_with("/uplink"));
    CHECK(packets_by_interface(file, kNumbered) == std::map<std::string, int>{{names.back(), 5}});
    CHECK(statistics_of(file).blocks == names.size());
    require_readable(file);
}

TEST_CASE("a file has a bounded number of interfaces, and no packet is lost by that") {
    const Line line;
    const Netns& netns = line.cable.a;
    const TemporaryFolder folder;
    const std::string file = folder.file("full.pcapng");
    const InNetns here(netns);
    capture::SessionOptions options;
    options.interfaces.names = {"any"};
    options.interfaces.most = 4;
    FileSession recording(options, file);
    capture::Session& session = recording.session;
    std::string name = "va";
    for (int i = 0; i < 10; i++) {
        const std::string next = "n" + std::to_string(i);
        rename(netns, name, next);
        name = next;
        let_follow(session);
        REQUIRE(send_numbered(line.sender, 0, 1, 100) == 1);
        let_capture(session, static_cast<uint64_t>(i) + 1);
    }
    const Names notices = session.take_notices();
    REQUIRE(notices.size() == 1);
    CHECK(contains(notices[0], "4 interfaces and names of interfaces had packets"));
    CHECK(session.unannounced() == 8);
    // One that comes later has no name from before.
    const pcapng::Fd tun = tun_device(netns);
    const pcapng::Fd socket = udp_socket(netns, "10.8.0.1", 9);
    connect_to(socket, "10.8.0.2", 9);
    let_follow(session);
    REQUIRE(send_numbered(socket, 0, 3, 100) == 3);
    REQUIRE(session.finish().ok());
    CHECK(session.take_notices().empty());
    CHECK(interfaces_of(file) == Names{"lo", "va", "n0", "n1", "(other interfaces)"});
    CHECK(packets_by_interface(file, kNumbered) ==
          std::map<std::string, int>{{"n0", 1}, {"n1", 9}, {"(other interfaces)", 3}});
    CHECK(statistics_of(file).blocks == 5);
    CHECK(statistics_of(file).delivered == 13);
    CHECK(run({"capinfos", file}).status == 0);
}

TEST_CASE("the hook at the sockets has a bounded number of interfaces, too", "[alone]") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const std::string file = folder.file("sockets.pcapng");
    capture::SessionOptions options;
    options.programs.hook = capture::Hook::kCgroup;
    options.interfaces.most = 0;
    FileSession recording(options, file);
    capture::Session& session = recording.session;
    REQUIRE(send_numbered(loopback.sender, 0, 3, 100) == 3);
    REQUIRE(session.finish().ok());
    CHECK(interfaces_of(file) == Names{"(other interfaces)"});
    CHECK(packets_by_interface(file, kNumbered)["(other interfaces)"] >= 3);
    CHECK(session.take_notices().size() == 1);
}

TEST_CASE("an interface is found by its other names, also one that gets such a name later") {
    const Netns netns;
    make_quiet(netns);
    netns.ip("link add w1 type veth peer name w2");
    netns.ip("link property add dev w1 altname a-name-longer-than-fifteen-bytes");
    const TemporaryFolder folder;
    const std::string file = folder.file("altname.pcapng");
    Capture capture(netns, {"-i", "a-name-longer-than-fifteen-bytes", "-w", file});
    CHECK(contains(capture.err(), "listening on w1, "));
    netns.ip("link del w1");
    netns.ip("link add x1 type veth peer name x2");
    netns.ip("link set x1 up");
    netns.ip("link set x2 up");
    netns.ip("link property add dev x1 altname a-name-longer-than-fifteen-bytes");
    const pcapng::Fd socket = packet_socket(netns, "x1");
    std::vector<uint8_t> frame = payload_of(1, 100);
    frame[0] = 2;  // to somebody in particular
    for (int tries = 0; tries < 600 && !contains(run({"capinfos", file}).out, "Name = x1\n");
         tries++) {
        REQUIRE(send(socket.get(), frame.data(), frame.size(), 0) == 100);
        usleep(50'000);
    }
    capture.stop();
    CHECK(interfaces_of(file) == Names{"w1", "x1"});
}

TEST_CASE("an interface with so many names that they fill more than 32 KiB ends no capture") {
    const Netns netns;
    make_quiet(netns);
    netns.ip("link add w1 type veth peer name w2");
    const TemporaryFolder folder;
    Capture capture(netns, {"-i", "any", "-w", folder.file("names.pcapng")});
    {
        std::ofstream batch(folder.file("batch"));
        for (int i = 0; i < 400; i++) {
            batch << "link property add dev w1 altname " << std::string(120, 'x') << i << "\n";
        }
    }
    netns.ip("-batch " + folder.file("batch"));
    netns.ip("link set w1 name w3");
    CHECK(contains(run_pidcap(Launch{.arguments = {"-D"}, .netns = &netns}).out, ".w3 ["));
    Capture other(netns, {"-i", std::string(120, 'x') + "399", "-w", folder.file("other.pcapng")});
    CHECK(contains(other.err(), "listening on w3, "));
    other.stop();
    capture.stop();
}

TEST_CASE("an interface that comes later and can't be captured is told of, once") {
    const Netns netns;
    make_quiet(netns);
    const TemporaryFolder folder;
    Capture capture(netns, {"-i", "any", "-w", folder.file("odd.pcapng")});
    const pcapng::Fd device = odd_device(netns, "tun8");
    capture.wait_for("pidcap: skipped: interface tun8: its link layer (ARPHRD 280)");
    rename(netns, "tun8", "tun9");
    const pcapng::Fd second = odd_device(netns, "tun6");
    capture.wait_for("pidcap: skipped: interface tun6: its link layer (ARPHRD 280)");
    capture.stop();
    CHECK(occurrences(capture.err(), "skipped") == 2);
    // The same if the filter makes no sense there.
    Capture filtered(netns, {"-i", "any", "-w", folder.file("filtered"), "ether host 2:0:0:0:0:1"});
    const pcapng::Fd tun = tun_device(netns);
    filtered.wait_for("pidcap: skipped: interface tun7: filter");
    filtered.stop();
}

TEST_CASE("an interface's name commands no terminal") {
    const Netns netns;
    make_quiet(netns);
    const std::string name = "t\x1b[31m{x}";
    const std::string shown = "t\\x1b[31m{x}";
    const TemporaryFolder folder;
    Capture capture(netns, {"-i", "any", "-w", folder.file("names.pcapng")});
    {
        const pcapng::Fd device = odd_device(netns, name);
        capture.wait_for("skipped: interface " + shown);
        const CommandResult refused =
            run_pidcap(Launch{{"-i", name, "-w", folder.file("refused.pcapng")}, &netns});
        CHECK(refused.status == 1);
        CHECK(contains(refused.err, "interface " + shown + ": its link layer"));
        CHECK_FALSE(contains(refused.err, "\x1b"));
    }
    capture.stop();
    CHECK_FALSE(contains(capture.err(), "\x1b"));
    netns.ip("link add " + name + " type veth peer name v2");
    const std::string list = run_pidcap(Launch{.arguments = {"-D"}, .netns = &netns}).out;
    CHECK(contains(list, "." + shown + " ["));
    CHECK_FALSE(contains(list, "\x1b"));
    Capture listening(netns, {"-i", name, "-w", folder.file("listening.pcapng")});
    CHECK(contains(listening.err(), "listening on " + shown + ", "));
    listening.stop();
}

TEST_CASE("if no interface is up, it says that it waits for one") {
    const Netns netns;
    make_quiet(netns);
    netns.ip("link set lo down");
    const TemporaryFolder folder;
    for (const bool up : {false, true}) {
        const std::string file = folder.file(up ? "up.pcapng" : "down.pcapng");
        Capture capture(netns, {"-i", "any", "-w", file});
        CHECK(contains(capture.err(), "listening on no interface yet, snaplen"));
        CHECK(contains(capture.err(), "waits for one: Ethernet, loopback, or IP alone"));
        if (up) {
            netns.ip("link set lo up");
            const pcapng::Fd receiver = udp_socket(netns, "127.0.0.1", 9);
            connect_to(receiver, "127.0.0.1", 9);
            REQUIRE(send_numbered(receiver, 0, 2, 100) == 2);
        }
        capture.stop();
        CHECK(interfaces_of(file) == Names{"lo"});
        CHECK(statistics_of(file).delivered == (up ? 2 : 0));
        require_readable(file);  // tcpdump too, which wants an interface
    }
}

TEST_CASE("the soft limit of open files is raised, but not for the command") {
    const Netns netns;
    make_quiet(netns);
    add_pairs(netns, 30);
    const TemporaryFolder folder;
    Launch launch{.arguments = {"-i", "any", "-w", folder.file("limit.pcapng"), "--", "sh", "-c",
                                "ulimit -Sn"},
                  .netns = &netns,
                  .prepare = [] { limit_files(64, 4096); }};
    const CommandResult raised = run_pidcap(launch);
    INFO(raised.err);
    CHECK(raised.status == 0);
    CHECK(raised.out == "64\n");
    CHECK_FALSE(contains(raised.err, "skipped"));

    launch.prepare = [] { limit_files(64, 120); };
    const CommandResult refused = run_pidcap(launch);
    INFO(refused.err);
    CHECK(refused.status == 1);
    CHECK(contains(refused.err, "attach to interface "));
    CHECK(contains(refused.err, "no file descriptors are left; the hard limit is 120: raise it"));
}

TEST_CASE("an interface that comes when no descriptors are left is told of") {
    const Netns netns;
    make_quiet(netns);
    add_pairs(netns, 5);
    const TemporaryFolder folder;
    Launch launch{.arguments = {"-i", "any", "-w", folder.file("later.pcapng")},
                  .netns = &netns,
                  .prepare = [] { limit_files(64, 132); }};
    Capture capture(launch);
    for (int i = 0; i < 15; i++) {
        netns.ip("link add c" + std::to_string(i) + " type veth peer name d" + std::to_string(i));
    }
    capture.wait_for("no file descriptors are left");
    capture.stop();
    CHECK(contains(capture.err(), "skipped: attach to interface "));
}
