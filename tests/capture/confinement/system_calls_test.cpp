// SPDX-License-Identifier: GPL-2.0-only
//
// Each case is a child with the filter, which tries one thing: an intruder's is its death, what the
// capture itself does isn't.
#include "capture/confinement/system_calls.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "pcapng/fd.h"
#include "tests/support/skip.h"
#include "tests/support/temporary_folder.h"

namespace {

using capture::SystemCalls;

// The exit status of a child that is confined and then does it; -SIGNAL if one ended it.
int outcome(const SystemCalls& calls, const std::function<int()>& deed) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !capture::deny(calls)) {
            _exit(99);
        }
        _exit(deed());
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

// 0, or the errno.
int result_of(long value) {
    return value < 0 ? errno : 0;
}

struct Attempt {
    const char* what;
    std::function<int()> deed;
};

int open_as(const char* path, int flags) {
    return result_of(open(path, flags, 0600));
}

int bpf_command(int command) {
    union bpf_attr attributes {};
    return result_of(syscall(SYS_bpf, command, &attributes, sizeof(attributes)));
}

const std::vector<Attempt>& never() {
    static const std::vector<Attempt> kNever = {
        {"execve", [] { return result_of(execl("/bin/true", "true", nullptr)); }},
        {"execveat",
         [] {
             const char* none[] = {nullptr};
             return result_of(syscall(SYS_execveat, AT_FDCWD, "/bin/true", none, none, 0));
         }},
        {"ptrace", [] { return result_of(ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr)); }},
        {"reading another process's memory",
         [] {
             char byte = 0;
             iovec here{&byte, 1};
             return result_of(process_vm_readv(getppid(), &here, 1, &here, 1, 0));
         }},
        {"stealing a descriptor", [] { return result_of(syscall(438, 0, 0, 0)); }},
        {"io_uring", [] { return result_of(syscall(425, 1, nullptr)); }},
        {"loading a program", [] { return bpf_command(BPF_PROG_LOAD); }},
        {"taking another's program", [] { return bpf_command(BPF_PROG_GET_FD_BY_ID); }},
        {"a user namespace", [] { return result_of(unshare(CLONE_NEWUSER)); }},
        {"a user namespace by clone",
         [] { return result_of(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)); }},
        {"another user", [] { return result_of(setresuid(1, 1, 1)); }},
        {"mounting", [] { return result_of(syscall(SYS_mount, "", "/", "", 0, "")); }},
#ifdef __x86_64__
        {"a call of the other architecture",
         [] {
             long number = 20;  // getpid of i386
             __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
             return 0;
         }},
#endif
    };
    return kNever;
}

// Makes `path`.
std::vector<Attempt> writing(const std::string& path) {
    return {
        {"opening for writing", [] { return open_as("/dev/null", O_WRONLY); }},
        {"opening for both", [] { return open_as("/dev/null", O_RDWR); }},
        {"making", [path] { return open_as(path.c_str(), O_RDONLY | O_CREAT); }},
        {"emptying", [] { return open_as("/dev/null", O_RDONLY | O_TRUNC); }},
#ifdef SYS_creat  // arm64 has none
        {"creat", [] { return result_of(syscall(SYS_creat, "/dev/null", 0600)); }},
#endif
    };
}

// Changes the names of `path`, if it is there.
std::vector<Attempt> changing_names(const std::string& path) {
    return {
        {"removing", [path] { return result_of(unlink(path.c_str())); }},
        {"renaming", [path] { return result_of(rename(path.c_str(), (path + "-no").c_str())); }},
        {"changing a mode", [path] { return result_of(chmod(path.c_str(), 0)); }},
    };
}

const std::vector<Attempt>& connecting() {
    static const std::vector<Attempt> kConnecting = {
        {"a TCP socket", [] { return result_of(socket(AF_INET, SOCK_STREAM, 0)); }},
        {"a UDP socket", [] { return result_of(socket(AF_INET6, SOCK_DGRAM, 0)); }},
        {"a local socket", [] { return result_of(socket(AF_UNIX, SOCK_STREAM, 0)); }},
        {"connecting",
         [] {
             sockaddr_in nowhere{};
             return result_of(
                 connect(0, reinterpret_cast<const sockaddr*>(&nowhere), sizeof(nowhere)));
         }},
    };
    return kConnecting;
}

void require_filters() {
    if (!capture::can_filter_system_calls()) {
        test::skip("this kernel has no filters of system calls");
    }
}

}  // namespace

TEST_CASE("what an intruder would call kills the process") {
    require_filters();
    const test::TemporaryFolder folder;
    for (const auto& attempts : {never(), writing(folder.file("made")), connecting()}) {
        for (const Attempt& attempt : attempts) {
            INFO(attempt.what);
            CHECK(outcome({}, attempt.deed) == -SIGSYS);
        }
    }
}

TEST_CASE("where a library might try it, it is an error") {
    require_filters();
    const SystemCalls gentle{.answer = SystemCalls::Answer::kError};
    const test::TemporaryFolder folder;
    for (const auto& attempts : {writing(folder.file("made")), connecting()}) {
        for (const Attempt& attempt : attempts) {
            INFO(attempt.what);
            CHECK(outcome(gentle, attempt.deed) == EPERM);
        }
    }
    CHECK(outcome(gentle, [] { return result_of(execl("/bin/true", "true", nullptr)); }) == EPERM);
}

TEST_CASE("removing and renaming are errors, unless files are opened for writing") {
    require_filters();
    const test::TemporaryFolder folder;
    for (const Attempt& attempt : changing_names(folder.file("never"))) {
        INFO(attempt.what);
        CHECK(outcome({}, attempt.deed) == EPERM);
        CHECK(outcome({.opens_for_writing = true}, attempt.deed) != EPERM);
    }
}

TEST_CASE("what is allowed is allowed, and nothing else") {
    require_filters();
    const test::TemporaryFolder folder;
    for (const Attempt& attempt : writing(folder.file("made"))) {
        INFO(attempt.what);
        CHECK(outcome({.opens_for_writing = true}, attempt.deed) >= 0);
        CHECK(outcome({.connects = true}, attempt.deed) == -SIGSYS);
    }
    for (const Attempt& attempt : connecting()) {
        INFO(attempt.what);
        CHECK(outcome({.connects = true}, attempt.deed) >= 0);
        CHECK(outcome({.opens_for_writing = true}, attempt.deed) == -SIGSYS);
    }
    const auto attach = [] { return bpf_command(BPF_LINK_CREATE); };
    CHECK(outcome({}, attach) == -SIGSYS);
    CHECK(outcome({.follows_calls = true}, attach) == -SIGSYS);
    CHECK(outcome({.attaches_programs = true}, attach) >= 0);
    const auto follow = [] { return bpf_command(BPF_RAW_TRACEPOINT_OPEN); };
    CHECK(outcome({.attaches_programs = true}, follow) == -SIGSYS);
    CHECK(outcome({.follows_calls = true}, follow) >= 0);
    const auto enter = [] { return result_of(setns(-1, 0)); };
    CHECK(outcome({}, enter) == -SIGSYS);
    CHECK(outcome({.enters_namespaces = true}, enter) == EBADF);
    const auto signal = [] { return result_of(syscall(SYS_pidfd_send_signal, -1, 0, nullptr, 0)); };
    CHECK(outcome({}, signal) == -SIGSYS);
    CHECK(outcome({.signals_processes = true}, signal) == EBADF);
    const auto open_handle = [] {
        return result_of(syscall(SYS_open_by_handle_at, -1, nullptr, O_PATH));
    };
    CHECK(outcome({}, open_handle) == -SIGSYS);
    CHECK(outcome({.opens_by_handle = true}, open_handle) > 0);
}

TEST_CASE("a running capture's own calls pass the filter") {
    require_filters();
    const test::TemporaryFolder folder;
    const std::string file = folder.file("a");
    const pcapng::Fd before(open(file.c_str(), O_WRONLY | O_CREAT, 0600));
    CHECK(outcome({}, [&] {
              return write(before.get(), "ab", 2) == 2 && ftruncate(before.get(), 1) == 0 ? 0 : 1;
          }) == 0);
    CHECK(test::content_of(file) == "a");
    CHECK(outcome({}, [] { return open_as("/proc/self/status", O_RDONLY | O_CLOEXEC); }) == 0);
    CHECK(outcome({}, [] { return open_as("/", O_PATH | O_DIRECTORY); }) == 0);
    CHECK(outcome({}, [] { return result_of(socket(AF_NETLINK, SOCK_RAW, 0)); }) == 0);
    CHECK(outcome({}, [] { return bpf_command(BPF_MAP_LOOKUP_ELEM) == 0 ? 1 : 0; }) == 0);
    CHECK(outcome({}, [] {  // libzstd's
              int seen = 0;
              std::thread([&seen] { seen = 1; }).join();
              return seen - 1;
          }) == 0);
    CHECK(outcome({}, [] {  // ExpeditedRcu's
              const pid_t child = fork();
              if (child == 0) {
                  _exit(0);
              }
              int status = 1;
              waitpid(child, &status, 0);
              return status;
          }) == 0);
}
