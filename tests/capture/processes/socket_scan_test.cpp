// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/socket_scan.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>

#include "capture/processes/procfs.h"
#include "tests/support/child.h"

using capture::SocketScanCounts;

namespace {

struct Seen {
    std::map<uint64_t, pidcap_owner> owners;  // by inode
    std::map<uint64_t, int> times;
    SocketScanCounts counts;
};

uint64_t inode_of(int fd) {
    struct stat file {};
    return fstat(fd, &file) == 0 ? file.st_ino : 0;
}

Seen scan() {
    Seen seen;
    auto tree = capture::CgroupTree::open();
    REQUIRE(tree.ok());
    const auto counts = capture::scan_sockets(capture::BootClock::sample(), *tree,
                                              [&seen](int fd, const pidcap_owner& owner) {
                                                  seen.owners[inode_of(fd)] = owner;
                                                  ++seen.times[inode_of(fd)];
                                              });
    REQUIRE(counts.ok());
    seen.counts = *counts;
    return seen;
}

size_t open_descriptors() {
    const std::filesystem::directory_iterator list("/proc/self/fd");
    return static_cast<size_t>(std::distance(begin(list), end(list)));
}

// The inodes of a process's sockets.
std::set<uint64_t> sockets_of(pid_t pid) {
    std::set<uint64_t> inodes;
    for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid))) {
        struct stat file {};
        if (stat(entry.path().c_str(), &file) == 0 && S_ISSOCK(file.st_mode)) {
            inodes.insert(file.st_ino);
        }
    }
    return inodes;
}

void check_owner(const Seen& seen, uint64_t inode, const test::Child& child, const char* comm) {
    REQUIRE(seen.times.count(inode) == 1);
    CHECK(seen.times.at(inode) == 1);
    const pidcap_owner& owner = seen.owners.at(inode);
    const auto pid = static_cast<uint32_t>(child.pid());
    CHECK(owner.tgid == pid);
    CHECK(owner.tid == pid);
    CHECK(owner.comm == std::string(comm));
    const auto procfs = capture::ProcFs::open();
    CHECK(owner.start_boot == procfs->stat(pid)->start_ticks * 10'000'000);
    CHECK(owner.cgroup_id != 0);
}

}  // namespace

TEST_CASE("an existing socket is shown once with the process that holds it") {
    const test::Child child([] {
        prctl(PR_SET_NAME, "hol) der");
        for (const int domain : {AF_INET, AF_INET6}) {
            const int fd = socket(domain, SOCK_STREAM, 0);
            (void)dup(fd);
        }
        socket(AF_UNIX, SOCK_STREAM, 0);
        if (setegid(77) != 0 || seteuid(76) != 0) {
            _exit(1);
        }
    });
    const Seen seen = scan();
    size_t shown = 0;
    for (const uint64_t inode : sockets_of(child.pid())) {
        if (seen.times.count(inode) != 0) {
            ++shown;
            check_owner(seen, inode, child, "hol) der");
            CHECK(seen.owners.at(inode).uid == 76);
            CHECK(seen.owners.at(inode).gid == 77);
        }
    }
    CHECK(shown == 2);
    CHECK(seen.counts.sockets >= 2);
    CHECK(seen.counts.other >= 1);
}

TEST_CASE("a socket in another network namespace is found, too") {
    const test::Child child([] {
        if (unshare(CLONE_NEWNET) != 0 || socket(AF_INET, SOCK_DGRAM, 0) < 0) {
            _exit(1);
        }
        prctl(PR_SET_NAME, "elsewhere");
    });
    const std::set<uint64_t> inodes = sockets_of(child.pid());
    REQUIRE(inodes.size() == 1);
    check_owner(scan(), *inodes.begin(), child, "elsewhere");
}

TEST_CASE("a socket that two processes hold is nobody's") {
    const pcapng::Fd shared(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const pcapng::Fd alone(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const test::Child child([&alone] { close(alone.get()); });
    const Seen seen = scan();
    REQUIRE(seen.times.count(inode_of(shared.get())) == 1);
    CHECK(seen.times.at(inode_of(shared.get())) == 1);
    CHECK(seen.owners.at(inode_of(shared.get())).tgid == 0);
    CHECK(seen.owners.at(inode_of(alone.get())).tgid == static_cast<uint32_t>(getpid()));
    CHECK(seen.counts.shared >= 1);
}

// Alone, since the other one may be held up for longer than the scan looks again.
TEST_CASE("captures that start at the same time don't take each other for users of a socket",
          "[alone]") {
    constexpr int kSockets = 300;
    const test::Child holder([] {
        for (int i = 0; i < kSockets; i++) {
            if (socket(AF_INET, SOCK_DGRAM, 0) < 0) {
                _exit(1);
            }
        }
    });
    const pid_t other = fork();
    if (other == 0) {
        while (true) {
            (void)scan();
        }
    }
    const auto pid = static_cast<uint32_t>(holder.pid());
    std::set<size_t> named;  // how many, in each scan
    for (int i = 0; i < 150; i++) {
        const Seen seen = scan();
        named.insert(static_cast<size_t>(
            std::count_if(seen.owners.begin(), seen.owners.end(),
                          [pid](const auto& entry) { return entry.second.tgid == pid; })));
    }
    kill(other, SIGKILL);
    waitpid(other, nullptr, 0);
    CHECK(named == std::set<size_t>{kSockets});
}

TEST_CASE("a scan leaves no descriptor behind, consumes nothing and changes no flag") {
    const pcapng::Fd server(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    REQUIRE(bind(server.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    REQUIRE(sendto(server.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&address), length) == 1);
    const int flags = fcntl(server.get(), F_GETFL);
    const size_t before = open_descriptors();
    const Seen seen = scan();
    CHECK(open_descriptors() == before);
    CHECK(seen.times.count(inode_of(server.get())) == 1);
    CHECK(fcntl(server.get(), F_GETFL) == flags);
    char data[4];
    CHECK(recv(server.get(), data, sizeof(data), 0) == 1);
}

TEST_CASE("a process with 18,000 descriptors needs no more than 64 of ours") {
    const test::Child child([] {
        const int fd = socket(AF_INET, SOCK_DGRAM, 0);
        for (int i = 0; i < 9'000; ++i) {
            (void)dup(fd);
            if (socket(AF_INET, SOCK_DGRAM, 0) < 0) {
                _exit(1);
            }
        }
    });
    rlimit old{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &old) == 0);
    const rlimit small{64, old.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &small) == 0);
    const Seen seen = scan();
    REQUIRE(setrlimit(RLIMIT_NOFILE, &old) == 0);
    size_t of_child = 0;
    for (const auto& [inode, owner] : seen.owners) {
        of_child += owner.tgid == static_cast<uint32_t>(child.pid()) ? 1 : 0;
    }
    CHECK(of_child == 9'001);
}

TEST_CASE("this kernel lets us duplicate sockets") {
    CHECK(capture::check_socket_scan().ok());
}
