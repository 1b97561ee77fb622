// SPDX-License-Identifier: GPL-2.0-only
//
// The traffic of scripts/bench that iperf3 hasn't, and who takes it:
//
//   load sink PORT                     takes datagrams and connections, for ever
//   load udp ADDRESS PORT COUNT RATE   datagrams of 64 bytes with Ethernet; RATE a second, or as
//                                      fast as one core sends: 0
//   load tcp ADDRESS PORT COUNT        connections of a byte each way, one after the other
//   load children ADDRESS PORT COUNT   so many processes, one after the other, that send a datagram
//   load sockets COUNT                 holds so many open, until it is killed
//   load connections ADDRESS PORT COUNT  the same of connections that send nothing
//   load processes COUNT               the same of processes that sleep
//
// What was sent, as a line of JSON: packets or connections, and the seconds that it took.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "load: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

sockaddr_in address_of(const char* address, const char* port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::atoi(port)));
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1) {
        errno = EINVAL;
        fail(address);
    }
    return to;
}

int socket_to(int type, const sockaddr_in& to) {
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
        fail("connect");
    }
    return fd;
}

int socket_at(int type, const sockaddr_in& at) {
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) != 0 ||
        (type == SOCK_STREAM && listen(fd, 4096) != 0)) {
        fail("listen");
    }
    return fd;
}

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// Datagrams are left to overflow: what they cost isn't the receiver's affair. A connection that
// sends a byte gets one back.
int sink(const char* port) {
    const sockaddr_in any = address_of("0.0.0.0", port);
    std::vector<pollfd> watched = {{socket_at(SOCK_STREAM, any), POLLIN, 0}};
    socket_at(SOCK_DGRAM, any);
    static std::array<char, 1 << 20> buffer;
    while (true) {
        if (poll(watched.data(), watched.size(), -1) < 0) {
            fail("poll");
        }
        for (size_t i = watched.size(); i-- > 1;) {
            if (watched[i].revents == 0) {
                continue;
            }
            const ssize_t got = recv(watched[i].fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (got == 1) {
                (void)!send(watched[i].fd, buffer.data(), 1, MSG_NOSIGNAL);
            } else if (got == 0 || (got < 0 && errno != EAGAIN)) {
                close(watched[i].fd);
                watched.erase(watched.begin() + static_cast<ptrdiff_t>(i));
            }
        }
        for (int fd = 0; (watched[0].revents != 0) &&
                         (fd = accept4(watched[0].fd, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
            watched.push_back({fd, POLLIN, 0});
        }
    }
}

int udp(const sockaddr_in& to, uint64_t count, uint64_t rate) {
    constexpr size_t kBatch = 32;
    constexpr size_t kSize = 22;  // without the headers
    const int fd = socket_to(SOCK_DGRAM, to);
    std::array<char, kSize> payload{};
    iovec part{payload.data(), payload.size()};
    std::array<mmsghdr, kBatch> messages{};
    for (mmsghdr& message : messages) {
        message.msg_hdr.msg_iov = &part;
        message.msg_hdr.msg_iovlen = 1;
    }
    uint64_t sent = 0;
    const auto start = Clock::now();
    while (sent < count) {
        if (rate > 0) {
            const auto due = start + std::chrono::nanoseconds(sent * 1'000'000'000 / rate);
            if (due - Clock::now() > std::chrono::microseconds(200)) {
                std::this_thread::sleep_until(due - std::chrono::microseconds(100));
            }
            while (Clock::now() < due) {
            }
        }
        const auto batch = static_cast<unsigned>(std::min<uint64_t>(kBatch, count - sent));
        const int taken = sendmmsg(fd, messages.data(), batch, 0);
        if (taken < 0 && errno != ECONNREFUSED && errno != ENOBUFS) {
            fail("sendmmsg");
        }
        sent += static_cast<uint64_t>(std::max(taken, 0));
    }
    std::printf("{\"packets\": %llu, \"seconds\": %.6f}\n", static_cast<unsigned long long>(sent),
                seconds_since(start));
    return 0;
}

int tcp(const sockaddr_in& to, uint64_t count) {
    // No TIME_WAIT, or the ports would run out.
    const linger at_once{1, 0};
    const auto start = Clock::now();
    for (uint64_t i = 0; i < count; i++) {
        const int fd = socket_to(SOCK_STREAM, to);
        char byte = 'x';
        if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) != 1 ||
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) != 0) {
            fail("exchange");
        }
        close(fd);
    }
    std::printf("{\"connections\": %llu, \"seconds\": %.6f}\n",
                static_cast<unsigned long long>(count), seconds_since(start));
    return 0;
}

int children(const sockaddr_in& to, uint64_t count) {
    const auto start = Clock::now();
    for (uint64_t i = 0; i < count; i++) {
        const pid_t child = fork();
        if (child == 0) {
            _exit(send(socket_to(SOCK_DGRAM, to), "x", 1, 0) == 1 ? 0 : 1);
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            fail("child");
        }
    }
    std::printf("{\"packets\": %llu, \"seconds\": %.6f}\n", static_cast<unsigned long long>(count),
                seconds_since(start));
    return 0;
}

[[noreturn]] void hold() {
    std::puts("{}");
    std::fflush(stdout);
    while (true) {
        pause();
    }
}

int hold_connections(const sockaddr_in& to, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        socket_to(SOCK_STREAM, to);
    }
    hold();
}

int hold_sockets(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0) {
            fail("socket");
        }
    }
    hold();
}

int hold_processes(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        const pid_t child = fork();
        if (child < 0) {
            fail("fork");
        }
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            pause();
            _exit(0);
        }
    }
    hold();
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "sink" && argc == 3) {
        return sink(argv[2]);
    }
    const auto number = [argv](int i) { return std::strtoull(argv[i], nullptr, 10); };
    if (what == "udp" && argc == 6) {
        return udp(address_of(argv[2], argv[3]), number(4), number(5));
    }
    if (what == "tcp" && argc == 5) {
        return tcp(address_of(argv[2], argv[3]), number(4));
    }
    if (what == "children" && argc == 5) {
        return children(address_of(argv[2], argv[3]), number(4));
    }
    if (what == "connections" && argc == 5) {
        return hold_connections(address_of(argv[2], argv[3]), number(4));
    }
    if (what == "sockets" && argc == 3) {
        return hold_sockets(number(2));
    }
    if (what == "processes" && argc == 3) {
        return hold_processes(number(2));
    }
    std::fprintf(stderr, "load: see the beginning of tests/bench/load.cpp\n");
    return 2;
}
