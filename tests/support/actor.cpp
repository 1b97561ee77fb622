// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/actor.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

namespace test {
namespace {

// In an actor: its end of the channel, and the descriptor that came with the request.
int serving_on = -1;
int received_fd = -1;

std::pair<pcapng::Fd, pcapng::Fd> channel_pair() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        throw std::runtime_error("socketpair failed");
    }
    return {pcapng::Fd(ends[0]), pcapng::Fd(ends[1])};
}

bool send_with_fd(int channel, const void* data, size_t size, int fd) {
    iovec part{const_cast<void*>(data), size};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (fd >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        cmsghdr* rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
    }
    return sendmsg(channel, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
}

// False at the end of the channel. `fd` is the descriptor that came along, or -1.
bool receive_with_fd(int channel, void* data, size_t size, int& fd) {
    iovec part{data, size};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    fd = -1;
    ssize_t count = -1;
    do {
        count = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count != static_cast<ssize_t>(size)) {
        return false;
    }
    const cmsghdr* rights = CMSG_FIRSTHDR(&message);
    if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
        std::memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
    }
    return true;
}

void set_comm(const std::string& comm) {
    prctl(PR_SET_NAME, comm.c_str());
}

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

int64_t clock_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// How far the wall clock is ahead of the boot clock, to a fifth of a millisecond: whoever is
// interrupted between two readings reads again.
int64_t realtime_minus_boottime() {
    while (true) {
        const int64_t before = clock_ns(CLOCK_BOOTTIME);
        const int64_t real = clock_ns(CLOCK_REALTIME);
        if (clock_ns(CLOCK_BOOTTIME) - before < 200'000) {
            return real - before;
        }
    }
}

}  // namespace

Who who_is(pid_t pid) {
    const std::string folder = "/proc/" + std::to_string(pid);
    Who who;
    who.pid = static_cast<uint32_t>(pid);
    const std::string stat = contents(folder + "/stat");
    const size_t comm_end = stat.rfind(')');
    if (comm_end == std::string::npos) {
        throw std::runtime_error("no process " + std::to_string(pid));
    }
    who.comm = contents(folder + "/comm");
    who.comm.pop_back();  // the newline
    // proc(5): starttime is field 22; the state after the comm is field 3.
    size_t at = comm_end + 2;
    for (int field = 3; field < 22; field++) {
        at = stat.find(' ', at) + 1;
    }
    const int64_t ticks = std::strtoll(stat.c_str() + at, nullptr, 10);
    const int64_t ns_per_tick = 1'000'000'000 / sysconf(_SC_CLK_TCK);
    who.start_ns = static_cast<uint64_t>(ticks * ns_per_tick + realtime_minus_boottime());
    const std::string status = contents(folder + "/status");
    const size_t uid = status.find("\nUid:") + 5;
    char* effective = nullptr;
    std::strtoul(status.c_str() + uid, &effective, 10);
    who.uid = static_cast<uint32_t>(std::strtoul(effective, nullptr, 10));
    char exe[4096];
    const ssize_t length = readlink((folder + "/exe").c_str(), exe, sizeof(exe));
    who.exe.assign(exe, length > 0 ? static_cast<size_t>(length) : 0);
    return who;
}

Actor::Actor(const Netns& netns, const std::string& comm) : own_(true) {
    auto [here, there] = channel_pair();
    pid_ = fork();
    if (pid_ < 0) {
        throw std::runtime_error("fork failed");
    }
    if (pid_ == 0) {
        if (setns(netns.fd(), CLONE_NEWNET) != 0) {
            _exit(1);
        }
        set_comm(comm);
        serve(there.get());
    }
    channel_ = std::move(here);
    there.reset();
    call([] { return 0; });  // it is there, under its name
}

Actor::~Actor() {
    if (channel_.valid()) {
        exit();
    }
}

void Actor::exit() {
    shutdown(channel_.get(), SHUT_WR);
    char byte = 0;
    while (recv(channel_.get(), &byte, 1, 0) > 0) {
    }
    channel_.reset();
    if (own_) {
        while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
}

void Actor::serve(int channel) {
    // Nobody else's: another actor must end when the test lets go of it.
    const int low = dup2(channel, 3);
    serving_on = fcntl(low, F_DUPFD_CLOEXEC, 100);
    close_range(3, static_cast<unsigned>(serving_on) - 1, 0);
    close_range(static_cast<unsigned>(serving_on) + 1, ~0U, 0);
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, nullptr);
    ignore.sa_flags = SA_NOCLDWAIT;
    ignore.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &ignore, nullptr);
    obey();
}

// Until the test lets go.
void Actor::obey() {
    Request request;
    while (receive_with_fd(serving_on, &request, sizeof(request), received_fd)) {
        Reply reply;
        const auto run = [&] {
            reply.tid = static_cast<uint32_t>(syscall(SYS_gettid));
            errno = 0;
            reply.result = request.run(request.arguments.data());
            if (reply.result < 0) {
                reply.result = errno != 0 ? -errno : reply.result;
            }
        };
        if (request.in_thread) {
            std::thread(run).join();
        } else {
            run();
        }
        send_with_fd(serving_on, &reply, sizeof(reply), -1);
    }
    _exit(0);
}

void Actor::send(const Request& request, int fd) {
    if (!send_with_fd(channel_.get(), &request, sizeof(request), fd)) {
        throw std::runtime_error("the actor is gone");
    }
}

int64_t Actor::finish() {
    Reply reply;
    int fd = -1;
    if (!receive_with_fd(channel_.get(), &reply, sizeof(reply), fd)) {
        return kGone;
    }
    last_tid_ = reply.tid;
    return reply.result;
}

int64_t Actor::demand(int64_t result) const {
    if (result < 0) {
        throw std::runtime_error("actor " + std::to_string(pid_) + ": " +
                                 (result == kGone ? "ended" : strerror(static_cast<int>(-result))));
    }
    return result;
}

Actor Actor::fork_child(const std::string& comm) {
    auto [here, there] = channel_pair();
    constexpr auto kFork = [](Text name) -> int64_t {
        const int channel = received_fd;
        const pid_t pid = fork();
        if (pid == 0) {
            set_comm(name.c_str());
            // All descriptors stay but the parent's channel.
            dup3(channel, serving_on, O_CLOEXEC);
            close(channel);
            obey();
        }
        close(channel);
        return pid;
    };
    send(make_request<decltype(kFork)>(Text(comm)), there.get());
    there.reset();
    Actor child(static_cast<pid_t>(demand(finish())), std::move(here), false);
    child.call([] { return 0; });
    return child;
}

pcapng::Fd Actor::take(int fd) {
    auto [here, there] = channel_pair();
    constexpr auto kHandOver = [](int wanted) -> int64_t {
        const char byte = 0;
        const bool sent = send_with_fd(received_fd, &byte, 1, wanted);
        close(received_fd);
        return sent ? 0 : -1;
    };
    send(make_request<decltype(kHandOver)>(fd), there.get());
    demand(finish());
    char byte = 0;
    int taken = -1;
    receive_with_fd(here.get(), &byte, 1, taken);
    return pcapng::Fd(taken);
}

int Actor::give(int fd) {
    constexpr auto kTaken = [] { return int64_t{received_fd}; };
    send(make_request<decltype(kTaken)>(), fd);
    return static_cast<int>(demand(finish()));
}

}  // namespace test
