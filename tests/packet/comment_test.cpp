// SPDX-License-Identifier: GPL-2.0-only
#include "packet/comment.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "pcapng/format.h"
#include "pcapng/text.h"

using namespace packet;
using pcapng::shown_text;
using namespace std::string_view_literals;

TEST_CASE("a process is written in the documented order, pid first") {
    std::string comment;
    append_process(comment,
                   {.pid = 812,
                    .tid = 813,
                    .comm = "curl",
                    .exe = "/usr/bin/curl",
                    .uid = 1000,
                    .start_ns = 1763650000000000000},
                   "socket");
    CHECK(comment ==
          "pid=812 tid=813 comm=curl exe=/usr/bin/curl uid=1000 st=1763650000000000000 via=socket");
}

TEST_CASE("the peer's keys are prefixed and follow after one space") {
    std::string comment;
    append_process(comment, {.pid = 1}, "socket");
    append_process(comment, {.pid = 2, .comm = "nginx", .uid = 0}, "lookup", kPeerPrefix);
    CHECK(comment == "pid=1 via=socket peer.pid=2 peer.comm=nginx peer.uid=0 peer.via=lookup");
}

TEST_CASE("a cached identity gives the same comment as the process itself") {
    const ProcessText process = {
        .pid = 7, .tid = 8, .comm = "a b", .exe = "/x", .uid = 0, .start_ns = 9};
    std::string whole;
    append_process(whole, process, "flow", kPeerPrefix);
    std::string identity;
    append_identity(identity, process, kPeerPrefix);
    std::string pieced;
    append_process(pieced, 7, 8, identity, "flow", kPeerPrefix);
    CHECK(pieced == whole);
}

TEST_CASE("a packet without a process says only why") {
    std::string comment;
    append_key(comment, "via", "kernel");
    CHECK(comment == "via=kernel");
    REQUIRE(parse_comment(comment).has_value());
    CHECK(parse_comment(comment)->find("via") == "kernel");
}

TEST_CASE("an introduction joins the arguments by spaces and leaves out what is not known") {
    std::string comment = "pid=5";
    append_introduction(comment, {.ppid = 1,
                                  .pcomm = "sh",
                                  .user = "alice",
                                  .cmdline = "curl\0-v\0http://x/\0"sv,
                                  .cgroup = "/user.slice",
                                  .container = "abc",
                                  .unit = "x.service",
                                  .netns = 4026531840,
                                  .nspid = 3});
    CHECK(comment ==
          "pid=5 ppid=1 pcomm=sh user=alice cmdline=curl%20-v%20http://x/ cgroup=/user.slice "
          "ctr=abc unit=x.service netns=4026531840 nspid=3");
    std::string nothing = "pid=5";
    append_introduction(nothing, {.cmdline = "\0\0"sv});
    CHECK(nothing == "pid=5");
}

TEST_CASE("a long command line is cut on a whole escape and marked") {
    for (size_t shift = 0; shift < 4; ++shift) {
        std::string comment = "pid=5";
        append_introduction(comment,
                            {.cmdline = std::string(shift, 'a') + std::string(9000, '\x1b')});
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
    const ProcessText process = {.pid = UINT32_MAX,
                                 .tid = UINT32_MAX,
                                 .comm = name,
                                 .exe = path,
                                 .uid = UINT32_MAX,
                                 .start_ns = UINT64_MAX};
    const Introduction introduction = {.ppid = UINT32_MAX,
                                       .pcomm = name,
                                       .user = label,
                                       .cmdline = path,
                                       .cgroup = path,
                                       .container = label,
                                       .unit = label,
                                       .netns = UINT64_MAX,
                                       .nspid = UINT32_MAX};
    std::string comment;
    append_process(comment, process, "socket");
    append_introduction(comment, introduction);
    append_process(comment, process, "socket", kPeerPrefix);
    append_introduction(comment, introduction, kPeerPrefix);
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
        std::string comment;
        append_process(comment, {.pid = 1, .comm = name, .uid = 2}, "socket");
        CHECK(shown_text(comment) == comment);
        const auto parsed = parse_comment(comment);
        REQUIRE(parsed.has_value());
        CHECK(parsed->pairs.size() == 4);
        CHECK(parsed->find("comm") == name);
        CHECK(parsed->number("uid") == 2);
    }
}

TEST_CASE("code points that reorder or hide text are encoded") {
    std::string comment;
    append_key(comment, "comm", "a\u202Eb\u2028c\u0085d\u200B\u00A0é中=\"<&");
    CHECK(comment == "comm=a%E2%80%AEb%E2%80%A8c%C2%85d%E2%80%8B%C2%A0é中=\"<&");
}

TEST_CASE("unknown keys are kept and the first of two equal keys counts") {
    const auto parsed = parse_comment("pid=1 new.key-2=x pid=2 comm=");
    REQUIRE(parsed.has_value());
    CHECK(parsed->number("pid") == 1);
    CHECK(parsed->find("new.key-2") == "x");
    CHECK(parsed->find("comm") == "");
    CHECK_FALSE(parsed->find("exe").has_value());
}

TEST_CASE("a number that is none is not a number") {
    const auto parsed = parse_comment("pid=1 uid=-1 st=1x tid=18446744073709551616 x= y=+1");
    REQUIRE(parsed.has_value());
    for (const char* key : {"uid", "st", "tid", "x", "y", "absent"}) {
        CHECK_FALSE(parsed->number(key).has_value());
    }
}

TEST_CASE("a foreign comment is not taken for ours") {
    for (const char* foreign : {"",
                                "hello",
                                "PID: 42\nCmd: curl",
                                "pid=",
                                "pid=x",
                                "pid=-1",
                                "pid=4294967296",
                                "pid=1 ",
                                " pid=1",
                                "pid=1  uid=2",
                                "pid=1 uid",
                                "pid=1 =2",
                                "pid=1 Uid=2",
                                "pid=1\nuid=2",
                                "pid=1 comm=a\tb",
                                "pid=1 comm=%",
                                "pid=1 comm=%2",
                                "pid=1 comm=%zz",
                                "pid=1 comm=\xff",
                                "pid=1 comm=\x7f",
                                "via=",
                                "comm=curl pid=1",
                                "pid=1, and then",
                                "tid=1"}) {
        INFO(foreign);
        CHECK_FALSE(parse_comment(foreign).has_value());
    }
}

TEST_CASE("a comment that is too long loses whole pairs, never a part of a number") {
    const std::string comment = "pid=12 uid=1000 st=123456";
    CHECK(cut_comment(comment, comment.size()) == comment);
    CHECK(cut_comment(comment, comment.size() - 1) == "pid=12 uid=1000");
    CHECK(cut_comment(comment, 15) == "pid=12 uid=1000");
    CHECK(cut_comment(comment, 14) == "pid=12");
    CHECK(cut_comment(comment, 5).empty());
    CHECK(cut_comment("un café", 7) == "un caf");
}
