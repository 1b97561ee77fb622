// SPDX-License-Identifier: GPL-2.0-only
//
// Each condition on processes, by real processes on lo and behind a veth: what a capture with it
// has, and what one with its negation. Senders sign their packets, and note what they are.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "capture/processes/cgroup.h"
#include "tests/kernel/traffic.h"
#include "tests/support/capture.h"
#include "tests/support/packets.h"
#include "tests/support/temporary_folder.h"

namespace test {
namespace {

using Notes = std::vector<std::string>;

// A cgroup that goes with the test, and those below it.
class Cgroup {
  public:
    explicit Cgroup(const std::string& below) {
        auto tree = capture::CgroupTree::open();
        REQUIRE(tree.ok());
        top_ = "/pidcap-test-" + std::to_string(getpid());
        path_ = top_ + below;
        mount_ = tree->mount_point();
        std::filesystem::create_directories(mount_ + path_);
    }
    Cgroup(const Cgroup&) = delete;
    Cgroup& operator=(const Cgroup&) = delete;
    ~Cgroup() {
        std::error_code ignored;
        for (std::string path = path_; path.size() >= top_.size(); path.resize(path.rfind('/'))) {
            std::filesystem::remove(mount_ + path, ignored);
        }
    }

    const std::string& top() const { return top_; }
    const std::string& path() const { return path_; }
    void enter() const {
        const int fd = open((mount_ + path_ + "/cgroup.procs").c_str(), O_WRONLY);
        if (write(fd, "0", 1) != 1) {
            _exit(126);
        }
        close(fd);
    }

  private:
    std::string mount_;
    std::string top_;
    std::string path_;
};

// Of all datagrams on lo, unless they go to kClosed: both ends of a packet count, and there is
// none.
struct Receiver {
    static constexpr uint16_t kClosed = 9;
    Netns netns;
    TemporaryFolder folder;
    Actor sink{netns, "usual"};
    int fd = bound_socket(sink, make_address("127.0.0.1", 0), SOCK_DGRAM);
    Address address = make_address("127.0.0.1", local_port(sink, fd));
    std::string port = std::to_string(local_port(sink, fd));

    // The notes of a capture's packets, in order, while `traffic` goes on; of each the sender is
    // checked.
    template <typename Traffic>
    Notes notes(const std::vector<std::string>& options, Traffic traffic, bool late = false) {
        std::vector<std::string> arguments = {"-i", "lo", "-w", folder.file("a.pcapng")};
        arguments.insert(arguments.end(), options.begin(), options.end());
        Capture capture(netns, arguments);
        if (late) {  // pidcap looks only when it is over
            capture.signal(SIGSTOP);
        }
        traffic();
        if (late) {
            capture.signal(SIGCONT);
        }
        capture.stop();
        return noted();
    }

    Notes noted() const {
        Notes notes;
        for (const Packet& packet : read_packets(folder.file("a.pcapng"))) {
            INFO(describe(packet));
            if (packet.protocol == "icmp") {
                continue;  // nobody listens at kClosed
            }
            uint32_t pid = 0;
            char note[64] = "";
            REQUIRE(std::sscanf(packet.payload.c_str(), "pid=%u tid=%*u %63[^\n]", &pid, note) ==
                    2);
            CHECK(packet.self()->pid == pid);
            notes.emplace_back(note);
        }
        return notes;
    }
};

TEST_CASE("each option takes what is like its value, a process to come, and negated the rest") {
    const std::string id(64, 'c');
    const Cgroup cgroup("/docker-" + id + ".scope/agent.service/sub");
    Receiver to;
    REQUIRE(chmod(to.folder.path().c_str(), 0755) == 0);
    const std::string program = to.folder.file("special");
    std::filesystem::copy_file(TRAFFIC_PROGRAM, program);
    Actor usual(to.netns, "usual");
    const Address nobody = make_address("127.0.0.1", Receiver::kClosed);
    const auto talk = [&] {
        const int fd = connected_socket(usual, nobody, SOCK_DGRAM);
        say(usual, fd, "usual");
        close_in(usual, fd);
        Process special(
            Launch{{program, "send", "127.0.0.1", "9", "special"}, &to.netns, [&cgroup] {
                       cgroup.enter();
                       if (setgid(34568) != 0 || setuid(34567) != 0) {
                           _exit(125);
                       }
                   }});
        REQUIRE(special.wait() == 0);
    };
    const std::vector<std::pair<std::string, std::string>> options = {
        {"--comm", "s*[k-m]"},
        {"--exe", "*/special"},
        {"--cmdline", program + " send 127.0.0.1 9 special"},
        {"--uid", "34567"},
        {"--gid", "34568"},
        {"--cgroup", cgroup.path()},
        {"--cgroup", cgroup.top()},
        {"--cgroup", "*/agent.service/*"},
        {"--container", "cccccccccccc"},
        {"--container", "*"},
        {"--unit", "agent"},
    };
    for (const auto& [option, value] : options) {
        CAPTURE(option, value);
        CHECK(to.notes({option, value}, talk) == Notes{"special"});
        CHECK(to.notes({option, "!" + value}, talk) == Notes{"usual"});
    }
    for (const std::string expression :
         {"uid > 34566 and gid in {1, 34568}", "container = ccc* and unit = agent.service",
          "comm = nobody or not user != \"\"", "not (uid = 0 or comm = usual)"}) {
        CAPTURE(expression);
        CHECK(to.notes({"--process", expression}, talk) == Notes{"special"});
        CHECK(to.notes({"--process", "not (" + expression + ")"}, talk) == Notes{"usual"});
    }
    CHECK(to.notes({"--user", "root"}, talk) == Notes{"usual"});
    CHECK(to.notes({"--comm", "special", "--uid", "0"}, talk).empty());
    CHECK(to.notes({"--process", "comm = special", "--process", "uid = 0"}, talk).empty());
}

TEST_CASE("options --pid and --tree take their process, and negated all others") {
    Receiver to;
    Actor talker(to.netns, "talker");
    Actor child = talker.fork_child("child");
    Actor other(to.netns, "other");
    std::vector<std::unique_ptr<Actor>> later;
    const auto talk = [&] {
        later.clear();
        later.push_back(std::make_unique<Actor>(talker.fork_child("later")));
        later.push_back(std::make_unique<Actor>(child.fork_child("grandchild")));
        const auto say_once = [&](Actor& actor, const char* note) {
            say(actor, connected_socket(actor, to.address, SOCK_DGRAM), note);
        };
        say_once(talker, "talker");
        say_once(child, "child");
        say_once(*later[0], "later");
        say_once(*later[1], "grandchild");
        say_once(other, "other");
    };
    const std::string pid = std::to_string(talker.pid());
    const std::string sink = std::to_string(to.sink.pid());
    const Notes tree = {"talker", "child", "later", "grandchild"};
    CHECK(to.notes({"--pid", pid}, talk) == Notes{"talker"});
    CHECK(to.notes({"--pid", "!" + pid, "--pid", "!" + sink}, talk) ==
          Notes{"child", "later", "grandchild", "other"});
    CHECK(to.notes({"--tree", pid}, talk) == tree);
    CHECK(to.notes({"--process", "tree = " + pid}, talk) == tree);
    CHECK(to.notes({"--tree", "!" + pid, "--pid", "!" + sink}, talk) == Notes{"other"});
    CHECK(to.notes({"--tree", pid, "--comm", "!child"}, talk) ==
          Notes{"talker", "later", "grandchild"});
    CHECK(to.notes({"--process", "ppid = " + pid}, talk) == Notes{"child", "later"});
    // Unlike --follow, a tree is narrowed by the other conditions.
    CHECK(to.notes({"--tree", pid, "--comm", "*er"}, talk) == Notes{"talker", "later"});
    CHECK(to.notes({"--pid", pid, "--comm", "*er", "--follow"}, talk) == tree);
}

TEST_CASE("an exec changes the answer for one process and one socket") {
    Receiver to;
    const auto notes = [&](const std::vector<std::string>& options) {
        Actor talker(to.netns, "talker");
        const int fd = connected_socket(talker, to.address, SOCK_DGRAM);
        return to.notes(options, [&] {
            say(talker, fd, "before");
            talker.begin(
                [](int which) {
                    return execl(TRAFFIC_PROGRAM, "traffic_program", "use",
                                 std::to_string(which).c_str(), "after",
                                 static_cast<char*>(nullptr));
                },
                fd);
            REQUIRE(talker.finish() == Actor::kGone);
            hear_many(to.sink, to.fd, 2);
        });
    };
    CHECK(notes({}) == Notes{"before", "after"});
    CHECK(notes({"--exe", TRAFFIC_PROGRAM}) == Notes{"after"});
    CHECK(notes({"--comm", "traffic_program"}) == Notes{"after"});
    CHECK(notes({"--cmdline", "traffic_program use * after"}) == Notes{"after"});
    CHECK(notes({"--comm", "talker"}) == Notes{"before"});
    CHECK(notes({"--process", "exe != \"*/traffic_program\" and comm != usual"}) ==
          Notes{"before"});
}

TEST_CASE("a rename changes the answer") {
    Receiver to;
    const auto notes = [&](const std::vector<std::string>& options) {
        Actor talker(to.netns, "old");
        const int fd = connected_socket(talker, to.address, SOCK_DGRAM);
        return to.notes(options, [&] {
            say(talker, fd, "before");
            talker.call([] { return prctl(PR_SET_NAME, "new"); });
            say(talker, fd, "after");
        });
    };
    CHECK(notes({"--comm", "old"}) == Notes{"before"});
    CHECK(notes({"--comm", "new"}) == Notes{"after"});
    CHECK(notes({"--comm", "!old", "--comm", "!usual"}) == Notes{"after"});
}

TEST_CASE("user and group are those of the packet, whatever the process becomes") {
    Receiver to;
    to.sink.call([] { return setegid(9); });  // neither root nor the other
    to.sink.call([] { return seteuid(9); });
    Actor talker(to.netns, "talker");
    const int fd = connected_socket(talker, to.address, SOCK_DGRAM);
    const auto become = [&](uint32_t gid, uint32_t uid) {
        talker.call([] { return seteuid(0); });
        talker.call([](uint32_t to_gid) { return setegid(to_gid); }, gid);
        talker.call([](uint32_t to_uid) { return seteuid(to_uid); }, uid);
    };
    const auto talk = [&] {
        become(0, 0);
        say(talker, fd, "first");
        become(12345, 0);
        say(talker, fd, "group");
        become(12345, 54321);
        say(talker, fd, "both");
        become(0, 0);
        say(talker, fd, "last");
    };
    for (const bool late : {false, true}) {
        CAPTURE(late);
        const auto notes = [&](const std::vector<std::string>& options) {
            return to.notes(options, talk, late);
        };
        CHECK(notes({"--gid", "12345"}) == Notes{"group", "both"});
        CHECK(notes({"--gid", "!12345", "--gid", "!9"}) == Notes{"first", "last"});
        CHECK(notes({"--uid", "54321"}) == Notes{"both"});
        CHECK(notes({"--process", "uid = 0 and gid = 12345"}) == Notes{"group"});
        CHECK(notes({"--process", "user = root and not gid = 12345"}) == Notes{"first", "last"});
    }
}

// The acknowledgment is of a socket that was root's when it was used last, and goes to one that has
// just been used by another user. What was sent by that one isn't captured: nobody has told before.
TEST_CASE("a process that is two users at a packet's two ends has each one's name there") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("a.pcapng");
    Actor both(netns, "both");
    const Address address = make_address("127.0.0.1", 5555);
    const int listening = listener(both, address);
    const int client = connected_socket(both, address, SOCK_STREAM);
    const int server = accept_from(both, listening);
    Capture capture(netns, {"-i", "lo", "-w", file, "--comments", "full", "tcp src port 5555"});
    say(both, server, "root");
    hear(both, client);
    both.call([] { return seteuid(65534); });
    say(both, client, "nobody");
    hear(both, server);
    capture.stop();
    const auto rows = fields_of(file, {"frame.comment"});
    REQUIRE(rows.size() == 2);
    CHECK_THAT(rows[0][0], Catch::Contains(" user=root ") && Catch::Contains(" peer.user=root "));
    CHECK_THAT(rows[1][0], Catch::Contains(" uid=0 ") && Catch::Contains(" user=root "));
    CHECK_THAT(rows[1][0],
               Catch::Contains(" peer.uid=65534 ") && Catch::Contains(" peer.user=nobody "));
}

TEST_CASE("a command with conditions is captured where they hold, and nobody else") {
    Receiver to;
    Actor noise(to.netns, "traffic_program");
    const int fd = connected_socket(noise, to.address, SOCK_DGRAM);
    say(noise, fd, "noise");
    const std::string program = TRAFFIC_PROGRAM;
    const std::string script = "echo pid=$$ tid=$$ shell >/dev/udp/127.0.0.1/" + to.port + "; " +
                               program + " send 127.0.0.1 " + to.port + " child; true";
    const auto notes = [&](std::vector<std::string> options) {
        options.insert(options.begin(), {"-i", "lo", "-w", to.folder.file("a.pcapng")});
        options.insert(options.end(), {"--", "bash", "-c", script});
        Pidcap pidcap(Launch{options, &to.netns});
        say(noise, fd, "noise");
        CHECK(pidcap.wait() == 0);
        return to.noted();
    };
    CHECK(notes({}) == Notes{"shell", "child"});
    CHECK(notes({"--comm", "traffic_program"}) == Notes{"child"});
    CHECK(notes({"--comm", "!traffic_program", "--comm", "!usual"}) == Notes{"shell"});
}

// Of each packet what it is, without neighbour discovery.
Notes kinds_in(const std::string& file) {
    Notes kinds;
    for (const Packet& packet : read_packets(file)) {
        if (packet.protocol != "icmpv6") {
            kinds.push_back(packet.protocol + (packet.icmp_type == 0 ? " reply" : "") + " " +
                            packet.via());
        }
    }
    return kinds;
}

TEST_CASE("option --comm ping takes ping's requests and their replies") {
    const Netns near;
    const Netns far;
    const TemporaryFolder folder;
    connect_by_veth({near, "near0", "10.9.0.1/24", "fd09::1/64"},
                    {far, "far0", "10.9.0.2/24", "fd09::2/64"});
    Actor noise(near, "noise");
    const auto kinds = [&](const std::string& interface, const std::string& address) {
        Capture capture(near, {"-i", interface, "-w", folder.file("p.pcapng"), "--comm", "ping"});
        const int fd = connected_socket(noise, make_address(address, 9), SOCK_DGRAM);
        say(noise, fd, "noise");
        Process ping(Launch{{"ping", "-q", "-n", "-c", "2", "-i", "0.2", address}, &near});
        REQUIRE(ping.wait() == 0);
        capture.stop();
        return kinds_in(folder.file("p.pcapng"));
    };
    const std::string request = "icmp socket";
    const std::string reply = "icmp reply icmp-echo";
    CHECK(kinds("lo", "127.0.0.1") == Notes{request, reply, request, reply});
    CHECK(kinds("near0", "10.9.0.2") == Notes{request, reply, request, reply});
}

// Its answer is the kernel's own: where only one process is known, which end is its?
TEST_CASE("a process that stands for the other end of a packet is said to be there") {
    const Netns near;
    const Netns far;
    const TemporaryFolder folder;
    connect_by_veth({near, "near0", "10.9.0.1/24", "fd09::1/64"},
                    {far, "far0", "10.9.0.2/24", "fd09::2/64"});
    const auto ends = [&](const Netns& netns, const std::vector<std::string>& options,
                          const std::string& address) {
        std::vector<std::string> arguments = {"-w", folder.file("p.pcapng"), "--comm", "ping"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        Capture capture(netns, arguments);
        Process ping(Launch{{"ping", "-q", "-n", "-c", "1", address}, &near});
        REQUIRE(ping.wait() == 0);
        capture.stop();
        Notes ends;
        for (const Packet& packet : read_packets(folder.file("p.pcapng"))) {
            const auto at = packet.comment.find("at");
            ends.push_back(std::string(packet.outbound ? "out" : "in") + " type " +
                           std::to_string(packet.icmp_type) +
                           (at == packet.comment.end() ? "" : " at " + at->second));
        }
        return ends;
    };
    CHECK(ends(near, {"-i", "near0"}, "10.9.0.2") == Notes{"out type 8", "in type 0"});
    CHECK(ends(far, {"-i", "far0"}, "10.9.0.2") ==
          Notes{"in type 8 at sender", "out type 0 at receiver"});
    CHECK(ends(near, {"-i", "lo"}, "127.0.0.1") == Notes{"out type 8", "out type 0 at receiver"});
    CHECK(ends(near, {"-i", "lo", "-Q", "in"}, "127.0.0.1") ==
          Notes{"in type 8 at sender", "in type 0"});
}

// A router that captures where it sends only: it doesn't know whose the datagram is.
TEST_CASE(
    "options --unattributed and --kernel take what is nobody's, and what is the kernel's own") {
    const Netns client;
    const Netns router;
    const Netns server;
    const TemporaryFolder folder;
    connect_by_veth({client, "c0", "10.8.1.1/24", "fd08:1::1/64"},
                    {router, "rc", "10.8.1.2/24", "fd08:1::2/64"});
    connect_by_veth({router, "rs", "10.8.2.1/24", "fd08:2::1/64"},
                    {server, "s0", "10.8.2.2/24", "fd08:2::2/64"});
    router.sysctl("ipv4/ip_forward", "1");
    client.ip("route add default via 10.8.1.2");
    server.ip("route add default via 10.8.2.1");
    Actor sender(client, "sender");
    Actor local(router, "local");
    Actor sink(server, "sink");
    const Address to = make_address("10.8.2.2", 7000);
    const int heard = bound_socket(sink, to, SOCK_DGRAM);
    const int from = connected_socket(sender, to, SOCK_DGRAM);
    const int from_local = connected_socket(local, to, SOCK_DGRAM);
    const auto kinds = [&](const std::vector<std::string>& options) {
        router.ip("neigh flush all");
        std::vector<std::string> arguments = {"-i", "rs", "-w", folder.file("u.pcapng")};
        arguments.insert(arguments.end(), options.begin(), options.end());
        Capture capture(router, arguments);
        pass(local, from_local, sink, heard, "local");
        pass(sender, from, sink, heard, "forwarded");
        capture.stop();
        std::map<std::string, int> counts;
        for (const std::string& kind : kinds_in(folder.file("u.pcapng"))) {
            counts[kind]++;
        }
        Notes kinds;
        for (const auto& [kind, count] : counts) {
            kinds.push_back(kind);
        }
        return kinds;
    };
    CHECK(kinds({}) == Notes{"arp kernel", "udp forwarded", "udp socket"});
    CHECK(kinds({"--unattributed"}) == Notes{"arp kernel", "udp forwarded"});
    CHECK(kinds({"--kernel"}) == Notes{"arp kernel"});
    CHECK(kinds({"--process", "unattributed and not kernel"}) == Notes{"udp forwarded"});
    CHECK(kinds({"--process", "not unattributed"}) == Notes{"udp socket"});
    CHECK(kinds({"--comm", "!nobody"}) == Notes{"udp socket"});
    CHECK(kinds({"--process", "kernel or comm = local"}) == Notes{"arp kernel", "udp socket"});
}

}  // namespace
}  // namespace test
