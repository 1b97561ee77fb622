// SPDX-License-Identifier: GPL-2.0-only
#include "tests/kernel/traffic.h"

#include <arpa/inet.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace test {
namespace {

int signed_text(char* out, size_t size, const char* note) {
    return snprintf(out, size, "pid=%d tid=%ld %s", getpid(), syscall(SYS_gettid), note);
}

void be_patient(int fd) {
    const timeval patience{30, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

sockaddr* as_sockaddr(sockaddr_storage& storage) {
    return reinterpret_cast<sockaddr*>(&storage);
}

}  // namespace

int open_socket(Actor& actor, int family, int type, int protocol) {
    return static_cast<int>(
        actor.call([](int of, int what, int which) { return socket(of, what, which); }, family,
                   type, protocol));
}

int bound_socket(Actor& actor, const Address& local, int type) {
    const int fd = open_socket(actor, local.family(), type);
    bind_to(actor, fd, local);
    return fd;
}

void bind_to(Actor& actor, int fd, const Address& local) {
    actor.call(
        [](int which, Address address) {
            int type = 0;
            socklen_t size = sizeof(type);
            getsockopt(which, SOL_SOCKET, SO_TYPE, &type, &size);
            // For a datagram socket the kernel would choose a port that another has, too. Both
            // families have the port at the same place.
            const auto* ip = reinterpret_cast<const sockaddr_in*>(&address.storage);
            const int before = type == SOCK_STREAM || ip->sin_port != 0 ? 1 : 0;
            setsockopt(which, SOL_SOCKET, SO_REUSEADDR, &before, sizeof(before));
            const int result = bind(which, as_sockaddr(address.storage), address.length);
            const int after = 1;
            setsockopt(which, SOL_SOCKET, SO_REUSEADDR, &after, sizeof(after));
            return result;
        },
        fd, local);
}

int listener(Actor& actor, const Address& local) {
    const int fd = bound_socket(actor, local, SOCK_STREAM);
    actor.call([](int which) { return listen(which, 100); }, fd);
    return fd;
}

void connect_to(Actor& actor, int fd, const Address& peer) {
    actor.call(
        [](int which, Address address) {
            return connect(which, as_sockaddr(address.storage), address.length);
        },
        fd, peer);
}

int connected_socket(Actor& actor, const Address& peer, int type) {
    const int fd = open_socket(actor, peer.family(), type);
    connect_to(actor, fd, peer);
    return fd;
}

int accept_from(Actor& actor, int listener) {
    return static_cast<int>(
        actor.call([](int which) { return accept(which, nullptr, nullptr); }, listener));
}

Address local_address(Actor& actor, int fd) {
    const pcapng::Fd copy = actor.take(fd);
    Address address;
    address.length = sizeof(address.storage);
    if (getsockname(copy.get(), as_sockaddr(address.storage), &address.length) != 0) {
        throw std::runtime_error("getsockname");
    }
    return address;
}

uint16_t local_port(Actor& actor, int fd) {
    const Address address = local_address(actor, fd);
    return ntohs(address.family() == AF_INET
                     ? reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port
                     : reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port);
}

void say(Actor& actor, int fd, const std::string& note) {
    actor.call(
        [](int which, Text text) {
            char chunk[300];
            const int length = signed_text(chunk, sizeof(chunk), text.c_str());
            return write(which, chunk, static_cast<size_t>(length));
        },
        fd, Text(note));
}

void say_to(Actor& actor, int fd, const Address& peer, const std::string& note) {
    actor.call(
        [](int which, Address address, Text text) {
            char chunk[300];
            const int length = signed_text(chunk, sizeof(chunk), text.c_str());
            return sendto(which, chunk, static_cast<size_t>(length), 0,
                          as_sockaddr(address.storage), address.length);
        },
        fd, peer, Text(note));
}

void hear(Actor& actor, int fd) {
    actor.call(
        [](int which) {
            char chunk[512];
            be_patient(which);
            return recv(which, chunk, sizeof(chunk), 0);
        },
        fd);
}

void hear_many(Actor& actor, int fd, int count) {
    actor.call(
        [](int which, int left) {
            char chunk[512];
            be_patient(which);
            for (; left > 0; left--) {
                if (recv(which, chunk, sizeof(chunk), 0) < 0) {
                    return -1;
                }
            }
            return 0;
        },
        fd, count);
}

void hear_and_answer(Actor& actor, int fd, const std::string& note) {
    actor.call(
        [](int which, Text text) {
            char chunk[512];
            Address peer;
            peer.length = sizeof(peer.storage);
            be_patient(which);
            if (recvfrom(which, chunk, sizeof(chunk), 0, as_sockaddr(peer.storage), &peer.length) <
                0) {
                return ssize_t{-1};
            }
            const int length = signed_text(chunk, sizeof(chunk), text.c_str());
            return sendto(which, chunk, static_cast<size_t>(length), 0, as_sockaddr(peer.storage),
                          peer.length);
        },
        fd, Text(note));
}

void pass(Actor& from, int from_fd, Actor& to, int to_fd, const std::string& note) {
    say(from, from_fd, note);
    hear(to, to_fd);
}

void close_in(Actor& actor, int fd) {
    actor.call([](int which) { return close(which); }, fd);
}

void hear_end(Actor& actor, int fd) {
    actor.call(
        [](int which) {
            char chunk[512];
            ssize_t count = 0;
            do {
                count = read(which, chunk, sizeof(chunk));
            } while (count > 0);
            return count;
        },
        fd);
}

void settle(const Netns& netns) {
    const InNetns inside(netns);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
        bool calm = true;
        for (const char* name : {"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"}) {
            std::ifstream file(name);
            std::string line;
            std::getline(file, line);
            while (std::getline(file, line)) {
                char state[8] = "";
                sscanf(line.c_str(), "%*s %*s %*s %7s", state);
                const std::string known = state;
                // ESTABLISHED, TIME_WAIT, CLOSE, CLOSE_WAIT and LISTEN stay as they are.
                calm = calm && (known == "01" || known == "06" || known == "07" || known == "08" ||
                                known == "0A");
            }
        }
        if (calm) {
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    throw std::runtime_error("TCP connections don't come to rest");
}

}  // namespace test
