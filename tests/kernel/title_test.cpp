// SPDX-License-Identifier: GPL-2.0-only
//
// Processes that write a title over their arguments, as the workers of nginx, postgres and sshd do
// after a fork: the kernel reports nothing of it.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "tests/kernel/traffic.h"
#include "tests/support/capture.h"
#include "tests/support/packets.h"
#include "tests/support/temporary_folder.h"

namespace test {
namespace {

using Notes = std::vector<std::string>;

// Overwrites the arguments, whose place /proc/self/stat tells as its fields 48 and 49.
void set_title(Actor& actor, const std::string& title) {
    actor.call(
        [](Text text) -> int64_t {
            char stat[2048] = "";
            const int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
            const ssize_t size = read(fd, stat, sizeof(stat) - 1);
            close(fd);
            const char* field = size > 0 ? strrchr(stat, ')') : nullptr;
            for (int i = 2; field != nullptr && i < 48; i++) {
                field = strchr(field + 1, ' ');
            }
            unsigned long begin = 0;
            unsigned long end = 0;
            if (field == nullptr || sscanf(field, "%lu %lu", &begin, &end) != 2) {
                return -1;
            }
            char* arguments = reinterpret_cast<char*>(begin);
            const size_t length = std::min(strlen(text.c_str()), end - begin - 1);
            memset(arguments, 0, end - begin);
            memcpy(arguments, text.c_str(), length);
            return 0;
        },
        Text(title));
}

struct Talk {
    Netns netns;
    TemporaryFolder folder;
    std::string file = folder.file("a.pcapng");
    Actor sink{netns, "sink"};
    int to = bound_socket(sink, make_address("127.0.0.1", 0), SOCK_DGRAM);
    Address address = make_address("127.0.0.1", local_port(sink, to));
    Actor master{netns, "master"};

    std::vector<std::string> arguments(const std::vector<std::string>& more) const {
        std::vector<std::string> all = {"-i", "lo", "-w", file, "udp"};
        all.insert(all.begin(), more.begin(), more.end());
        return all;
    }
    void say_from(Actor& actor, const std::string& note) {
        const int fd = connected_socket(actor, address, SOCK_DGRAM);
        pass(actor, fd, sink, to, note);
        close_in(actor, fd);
    }
    Notes notes() const {
        Notes notes;
        for (const Packet& packet : read_packets(file)) {
            char note[64] = "";
            std::sscanf(packet.payload.c_str(), "pid=%*u tid=%*u %63[^\n]", note);
            notes.emplace_back(note);
        }
        return notes;
    }
};

TEST_CASE("a title that a forked process gives itself counts from its first packet") {
    Talk talk;
    Capture capture(talk.netns, talk.arguments({"--cmdline", "job: *"}));
    talk.say_from(talk.master, "master");
    Actor worker = talk.master.fork_child("master");
    set_title(worker, "job: one");
    for (const char* note : {"first", "second", "third"}) {
        talk.say_from(worker, note);
    }
    talk.say_from(talk.master, "master");
    capture.stop();
    CHECK(talk.notes() == Notes{"first", "second", "third"});
}

TEST_CASE("a process that was refused is wanted soon after it has set its title") {
    Talk talk;
    Capture capture(talk.netns, talk.arguments({"--cmdline", "job: *"}));
    Actor worker = talk.master.fork_child("master");
    talk.say_from(worker, "before");
    // A title that is set before pidcap reads the packet counts for it.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    set_title(worker, "job: one");
    for (int i = 0; i < 40; i++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        talk.say_from(worker, "after");
    }
    capture.stop();
    const Notes notes = talk.notes();
    CHECK(notes.size() > 20);
    CHECK(std::count(notes.begin(), notes.end(), "after") == std::ssize(notes));
}

TEST_CASE("a file says each title as it becomes known, and a table the last one") {
    Talk talk;
    Capture capture(talk.netns, talk.arguments({}));
    Actor worker = talk.master.fork_child("worker");
    set_title(worker, "job: one");
    talk.say_from(worker, "one");
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    set_title(worker, "job: two");
    std::this_thread::sleep_for(std::chrono::seconds(2));
    talk.say_from(worker, "two");
    capture.stop();
    Notes said;
    for (const Packet& packet : read_packets(talk.file)) {
        const auto found = packet.comment.find("cmdline");
        if (found != packet.comment.end() && packet.self()->comm == "worker") {
            said.push_back(found->second);
        }
    }
    CHECK(said == Notes{"job: one", "job: two"});
    const CommandResult table = run_pidcap({"processes", "--json", talk.file});
    CHECK(table.out.find("\"cmdline\":\"job: two\"") != std::string::npos);
    CHECK(table.out.find("job: one") == std::string::npos);
}

}  // namespace
}  // namespace test
