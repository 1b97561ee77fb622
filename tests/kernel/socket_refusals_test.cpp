// SPDX-License-Identifier: GPL-2.0-only
//
// Calls on sockets that this machine refuses. The oracle is the errno that the program got.
#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "capture/processes/cgroup_root.h"
#include "pcapng/fd.h"
#include "tests/kernel/seen_events.h"
#include "tests/kernel/socket_calls.h"
#include "tests/support/capture.h"
#include "tests/support/child.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;
using pcapng::Fd;

// A child that does this, and what it exits with.
struct Ended {
    uint32_t pid = 0;
    int status = -1;
};

Ended run_child(const std::function<int()>& body) {
    Child child([] {}, [&body] { _exit(body()); });
    Ended ended;
    ended.pid = static_cast<uint32_t>(child.pid());
    child.proceed();
    siginfo_t end{};
    REQUIRE(waitid(P_PID, ended.pid, &end, WEXITED | WNOWAIT) == 0);
    ended.status = end.si_status;
    return ended;
}

// Without Catch's assertions, for children. 0, or errno.
int connect_to(const Address& address) {
    const Fd fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    return call_connect(fd, address);
}

// A cgroup below the root, where every connect(2) by IPv4 is refused.
class RefusingCgroup {
  public:
    RefusingCgroup() : root_(capture::open_cgroup_root()) {
        const bpf_insn refuses[] = {
            {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0},
            {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
        };
        LIBBPF_OPTS(bpf_prog_load_opts, options);
        options.expected_attach_type = BPF_CGROUP_INET4_CONNECT;
        const Fd program(
            bpf_prog_load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "refuses", "GPL", refuses, 2, &options));
        REQUIRE(program.valid());
        REQUIRE(root_.ok());
        REQUIRE(mkdirat(root_->directory.get(), name_.c_str(), 0700) == 0);
        directory_ = Fd(openat(root_->directory.get(), name_.c_str(), O_DIRECTORY | O_CLOEXEC));
        link_ =
            Fd(bpf_link_create(program.get(), directory_.get(), BPF_CGROUP_INET4_CONNECT, nullptr));
        REQUIRE(link_.valid());
    }
    RefusingCgroup(const RefusingCgroup&) = delete;
    RefusingCgroup& operator=(const RefusingCgroup&) = delete;
    ~RefusingCgroup() { unlinkat(root_->directory.get(), name_.c_str(), AT_REMOVEDIR); }

    // Of the calling process. Returns whether it could.
    bool enter() const {
        const Fd list(openat(directory_.get(), "cgroup.procs", O_WRONLY | O_CLOEXEC));
        return write(list.get(), "0", 1) == 1;
    }

  private:
    std::string name_ = "pidcap-test-" + std::to_string(getpid());
    pcapng::Result<capture::CgroupRoot> root_;
    Fd directory_;
    Fd link_;
};

}  // namespace

TEST_CASE(
    "an attempt to bind or to listen that fails is one event, and so is one that seccomp "
    "refuses") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    std::vector<Failure> expected;
    Capture capture(netns, events("socket", file));
    uint32_t confined = 0;
    {
        const InNetns inside(netns);
        const Address used = make_address("127.0.0.1", 7000);
        const Fd first = make_socket(used);
        REQUIRE(call_bind(first, used) == 0);
        REQUIRE(listen(first.get(), 1) == 0);
        const Fd second = make_socket(used);
        CHECK(call_bind(second, used) == EADDRINUSE);
        expected.emplace_back("EADDRINUSE", "127.0.0.1:7000", "");
        const Address foreign = make_address("192.0.2.1", 7001);
        const Fd third = make_socket(foreign);
        CHECK(call_bind(third, foreign) == EADDRNOTAVAIL);
        expected.emplace_back("EADDRNOTAVAIL", "192.0.2.1:7001", "");
        const Fd datagrams = make_socket(used, SOCK_DGRAM);
        CHECK((listen(datagrams.get(), 1) == -1 && errno == EOPNOTSUPP));

        const Ended child = run_child([] {
            sock_filter program[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
                                     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
                                     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
            const sock_fprog filter{4, program};
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
            return connect_to(make_address("127.0.0.1", 13));
        });
        confined = child.pid;
        CHECK(child.status == EACCES);
    }
    capture.stop();
    const auto self = static_cast<uint32_t>(getpid());
    CHECK(failures_in(events_of(file, self, "socket:bind"), "address") == expected);
    const auto listens = events_of(file, self, "socket:listen");
    REQUIRE(listens.size() == 1);
    CHECK(listens[0].text("errno") == "EOPNOTSUPP");
    CHECK(listens[0].text("protocol") == "UDP");
    CHECK(failures_in(events_of(file, confined, "socket:connect"), "remote") ==
          std::vector<Failure>{{"EACCES", "127.0.0.1:13", "call"}});
}

TEST_CASE("what a cgroup's program forbids, and a port below 1024, is an event with the errno") {
    constexpr uid_t kNobody = 65534;
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    const RefusingCgroup cgroup;
    Ended forbidden;
    Ended unprivileged;
    Capture capture(netns, events("socket", file));
    {
        const InNetns inside(netns);
        forbidden = run_child(
            [&cgroup] { return cgroup.enter() ? connect_to(make_address("127.0.0.1", 14)) : -1; });
        unprivileged = run_child([] {
            const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            return setresuid(kNobody, kNobody, kNobody) == 0
                       ? call_bind(fd, make_address("127.0.0.1", 80))
                       : -1;
        });
    }
    capture.stop();
    CHECK(forbidden.status == EPERM);
    CHECK(failures_in(events_of(file, forbidden.pid, "socket:connect"), "remote") ==
          std::vector<Failure>{{"EPERM", "127.0.0.1:14", "call"}});
    CHECK(unprivileged.status == EACCES);
    CHECK(failures_in(events_of(file, unprivileged.pid, "socket:bind"), "address") ==
          std::vector<Failure>{{"EACCES", "127.0.0.1:80", ""}});
}
