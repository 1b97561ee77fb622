// SPDX-License-Identifier: GPL-2.0-only
#include "packet/process_comment.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "packet/process_fields.h"
#include "pcapng/format.h"
#include "pcapng/text.h"

using namespace packet;
using pcapng::shown_text;
using namespace std::string_literals;

namespace {

Process with_pid(uint32_t pid) {
    Process process;
    process.pid = pid;
    return process;
}

Process full_process() {
    Process process = with_pid(812);
    process.host = "a b";
    process.start_ns = 1763650000000000000;
    process.ppid = 0;
    process.parent_comm = "sh";
    process.comm = "curl";
    process.exe = "/usr/bin/curl";
    process.cmdline = "curl -v http://x/";
    process.uid = 1000;
    process.user = "alice";
    process.container = "abc";
    process.container_name = "web";
    process.container_image = "nginx:1";
    process.pod_name = "shop-1";
    process.pod_namespace = "store";
    process.unit = "x.service";
    process.cgroup = "/user.slice";
    process.netns = 4026531840;
    process.nspid = 3;
    process.exe_device = "8:1";
    process.exe_inode = 1234;
    process.mntns = 4026532999;
    process.host_pid = 4005;
    return process;
}

// All that a comment can say.
void check_equal(const Process& one, const Process& other) {
    for (const ProcessField& field : process_fields()) {
        INFO(field.column.name);
        CHECK(value_of(one, field) == value_of(other, field));
    }
}

}  // namespace

TEST_CASE("a process is written in the documented order, pid first") {
    Process process = with_pid(812);
    process.comm = "curl";
    process.exe = "/usr/bin/curl";
    process.uid = 1000;
    process.start_ns = 1763650000000000000;
    std::string comment;
    append_process(comment, process, 813, Via::kSocket);
    CHECK(comment ==
          "pid=812 tid=813 comm=curl exe=/usr/bin/curl uid=1000 st=1763650000000000000 via=socket");
}

TEST_CASE("the peer's keys are prefixed and follow after one space") {
    Process nginx = with_pid(2);
    nginx.comm = "nginx";
    nginx.uid = 0;
    std::string comment;
    append_process(comment, with_pid(1), 0, Via::kSocket);
    append_process(comment, nginx, 0, Via::kLookup, kPeerPrefix);
    CHECK(comment == "pid=1 via=socket peer.pid=2 peer.comm=nginx peer.uid=0 peer.via=lookup");
}

TEST_CASE("a cached identity gives the same comment as the process itself") {
    Process process = with_pid(7);
    process.comm = "a b";
    process.exe = "/x";
    process.uid = 0;
    process.start_ns = 9;
    std::string whole;
    append_process(whole, process, 8, Via::kFlow, kPeerPrefix);
    std::string identity;
    append_identity(identity, process, kPeerPrefix);
    std::string pieced;
    append_process(pieced, 7, 8, identity, Via::kFlow, kPeerPrefix);
    CHECK(pieced == whole);
}

TEST_CASE("a packet without a process says only why") {
    std::string comment;
    append_reason(comment, Via::kKernel);
    CHECK(comment == "via=kernel");
    REQUIRE(parse_comment(comment).has_value());
    CHECK(parse_comment(comment)->find("via") == "kernel");
    std::string unrecorded;
    append_reason(unrecorded, Via::kUnrecorded);
    CHECK(unrecorded == "via=unknown");
}

TEST_CASE("each comment says that a pid isn't of the capture's PID namespace") {
    Process process = with_pid(812);
    process.comm = "runc";
    process.pidns = 4026531836;
    process.host_pid = 812;
    std::string comment;
    append_process(comment, process, 0, Via::kSocket, {});
    CHECK(comment == "pid=812 comm=runc pidns=4026531836 via=socket");
    const auto read = read_process_comment(comment);
    REQUIRE(read);
    CHECK(read->self.process.pidns == 4026531836);
}

TEST_CASE("an introduction joins the arguments by spaces and leaves out what is not known") {
    Process process = full_process();
    process.ppid = 1;
    process.cmdline = "curl\0-v\0http://x/\0"s;
    std::string comment = "pid=5";
    append_introduction(comment, process);
    CHECK(comment ==
          "pid=5 ppid=1 pcomm=sh user=alice cmdline=curl%20-v%20http://x/ cgroup=/user.slice "
          "ctr=abc unit=x.service netns=4026531840 nspid=3 exedev=8:1 exeino=1234 mntns=4026532999 "
          "hostpid=4005 ctrname=web ctrimage=nginx:1 pod=shop-1 podns=store");
    Process unknown;
    unknown.cmdline = "\0\0"s;
    std::string nothing = "pid=5";
    append_introduction(nothing, unknown);
    CHECK(nothing == "pid=5");
}

TEST_CASE("a long command line is cut on a whole escape and marked") {
    for (size_t shift = 0; shift < 4; ++shift) {
        Process process;
        process.cmdline = std::string(shift, 'a') + std::string(9000, '\x1b');
        std::string comment = "pid=5";
        append_introduction(comment, process);
        const auto parsed = parse_comment(comment);
        REQUIRE(parsed.has_value());
        const std::string cmdline(*parsed->find("cmdline"));
        CHECK(cmdline.substr(cmdline.size() - 3) == "…");
        CHECK(comment.size() <= std::string("pid=5 cmdline=").size() + kMaxCommandLine);
    }
}

TEST_CASE("any two processes with everything known fit into one comment") {
    const std::string name(15, '\xff');    // TASK_COMM_LEN
    const std::string path(4095, '\xff');  // PATH_MAX
    const std::string label(255, '\xff');  // NAME_MAX
    Process process = with_pid(UINT32_MAX);
    process.start_ns = UINT64_MAX;
    process.ppid = UINT32_MAX;
    process.parent_comm = process.comm = name;
    process.exe = process.cmdline = process.cgroup = path;
    process.uid = UINT32_MAX;
    process.user = process.container = process.unit = label;
    process.netns = process.exe_inode = process.mntns = process.pidns = UINT64_MAX;
    process.nspid = process.host_pid = UINT32_MAX;
    process.exe_device = "4294967295:4294967295";
    // As long as the capture takes them (capture/containers/container_facts.h).
    process.container_name = std::string(255, 'n');
    process.container_image = std::string(456, 'i');
    process.pod_name = std::string(253, 'p');
    process.pod_namespace = std::string(63, 's');
    std::string comment;
    for (const std::string_view prefix : {std::string_view(), kPeerPrefix}) {
        append_process(comment, process, UINT32_MAX, Via::kSocket, prefix);
        append_introduction(comment, process, prefix);
    }
    CHECK(comment.size() <= pcapng::kMaxOptionSize);
}

TEST_CASE("whatever a process calls itself is one word of shown text and is read back") {
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        std::string name(random() % 20 + 1, '\0');
        for (char& c : name) {
            c = random() % 4 == 0 ? "% =\n\x1b\x7f\xC2\x9B"[random() % 8]
                                  : static_cast<char>(random());
        }
        Process process = with_pid(1);
        process.comm = name;
        process.uid = 2;
        std::string comment;
        append_process(comment, process, 0, Via::kSocket);
        CHECK(shown_text(comment) == comment);
        const auto parsed = parse_comment(comment);
        REQUIRE(parsed.has_value());
        CHECK(parsed->pairs.size() == 4);
        CHECK(parsed->find("comm") == name);
        CHECK(parsed->number("uid") == 2);
    }
}

TEST_CASE("both processes are read back from the comment that was made of them") {
    const Process self = full_process();
    Process peer = with_pid(77);
    peer.host = self.host;
    peer.comm = "nginx: worker";
    peer.unit = "nginx.service";
    std::string comment;
    append_process(comment, self, 813, Via::kIcmpError);
    append_pair(comment, {}, kHostKey, self.host);
    append_process(comment, peer, 0, Via::kLookup, kPeerPrefix);
    append_introduction(comment, self);
    append_introduction(comment, peer, kPeerPrefix);
    const auto ends = read_process_comment(comment);
    REQUIRE(ends.has_value());
    CHECK(ends->self.has_process);
    CHECK(ends->self.tid == 813);
    CHECK(ends->self.via == Via::kIcmpError);
    check_equal(ends->self.process, self);
    CHECK(ends->peer.has_process);
    CHECK(ends->peer.tid == 0);
    CHECK(ends->peer.via == Via::kLookup);
    check_equal(ends->peer.process, peer);
    CHECK_FALSE(ends->at.has_value());
}

TEST_CASE("of an end without a process only the reason is read") {
    const auto ends = read_process_comment("via=forwarded comm=x tid=3 peer.pid=x peer.via=hm");
    REQUIRE(ends.has_value());
    CHECK_FALSE(ends->self.has_process);
    CHECK(ends->self.via == Via::kForwarded);
    CHECK(ends->self.tid == 0);
    check_equal(ends->self.process, Process());
    CHECK_FALSE(ends->peer.has_process);
    CHECK(ends->peer.via == Via::kOther);
    CHECK_FALSE(read_process_comment("PID: 42\nCmd: curl").has_value());
}

TEST_CASE("where the process is stands in the comment unless the direction says so") {
    const auto after = [](At at, Direction direction) {
        std::string comment = "pid=1";
        append_at(comment, at, direction);
        return comment;
    };
    CHECK(after(At::kSender, Direction::kOutbound) == "pid=1");
    CHECK(after(At::kReceiver, Direction::kInbound) == "pid=1");
    CHECK(after(At::kUnknown, Direction::kUnknown) == "pid=1");
    CHECK(after(At::kSender, Direction::kInbound) == "pid=1 at=sender");
    CHECK(after(At::kReceiver, Direction::kUnknown) == "pid=1 at=receiver");
    CHECK(after(At::kUnknown, Direction::kOutbound) == "pid=1 at=unknown");
    CHECK(read_process_comment("pid=1 at=sender")->at == At::kSender);
    CHECK(read_process_comment("pid=1 at=receiver")->at == At::kReceiver);
    CHECK(read_process_comment("pid=1 at=elsewhere")->at == At::kUnknown);
}

TEST_CASE("a comment introduces a process if it says what only an introduction does") {
    const auto introduces_in = [](std::string_view comment, std::string_view prefix) {
        return introduces(*parse_comment(comment), prefix);
    };
    CHECK_FALSE(introduces_in("pid=1 tid=2 comm=a exe=/a uid=3 st=4 via=socket host=b", {}));
    CHECK(introduces_in("pid=1 ppid=2", {}));
    CHECK_FALSE(introduces_in("pid=1 ppid=2 peer.pid=3", kPeerPrefix));
    CHECK(introduces_in("pid=1 peer.pid=3 peer.nspid=3", kPeerPrefix));
    CHECK_FALSE(introduces_in("pid=1 peer.pid=3 peer.nspid=3", {}));
}

TEST_CASE("a packet's process has the packet's user") {
    Process process = full_process();
    const End as_now{.process = &process};
    check_equal(process_as_of(as_now), process);
    const End as_other{.process = &process, .uid = 33, .user = "www-data"};
    CHECK(process_as_of(as_other).uid == 33);
    CHECK(process_as_of(as_other).user == "www-data");
    // The name that the process has is its latest user's.
    CHECK(process_as_of({.process = &process, .uid = 33}).user.empty());
}
