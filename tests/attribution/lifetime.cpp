// SPDX-License-Identifier: GPL-2.0-only
//
// Processes that come and go: lives of a millisecond, bursts of them, PIDs of another namespace.
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/attribution/scenario.h"

namespace bench {
namespace {

using namespace test;

// A process of the traffic program that has ended already.
Who short_lived(uint32_t pid) {
    return {.pid = pid, .comm = "traffic_program", .exe = TRAFFIC_PROGRAM};
}

// So many processes at once, each with one conversation.
constexpr auto kSpawn = [](Text what, Text address, uint16_t port, int count) -> int64_t {
    const std::string port_text = std::to_string(port);
    int left = count;
    for (int i = 0; i < count; i++) {
        const char* argv[] = {"traffic_program", what.c_str(), address.c_str(),
                              port_text.c_str(), "burst",      nullptr};
        pid_t pid = 0;
        if (posix_spawn(&pid, TRAFFIC_PROGRAM, nullptr, nullptr, const_cast<char**>(argv),
                        nullptr) != 0) {
            return -1;
        }
        left--;
    }
    while (waitpid(-1, nullptr, 0) > 0) {
    }
    return left;
};

void play_datagrams(const Stage& stage, Ownership& ownership) {
    std::map<std::pair<std::string, uint16_t>, Who> sinks;
    for (const Path& path : stage.paths()) {
        Actor spawner(path.client, "spawner");
        Actor sink(path.server, "sink");
        const int to = bound_socket(sink, path.server_at(0), SOCK_DGRAM);
        const uint16_t port = local_port(sink, to);
        sinks[{path.server_address, port}] = sink.who();
        // All of them may have to wait, and take more memory once they passed a program at XDP.
        sink.call(
            [](int fd) {
                const int bytes = 16 << 20;
                return setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
            },
            to);
        spawner.call(kSpawn, Text("send"), Text(path.server_address), port, 250);
        hear_many(sink, to, 250);
    }
    ownership.set_rule([sinks](const Packet& packet) -> std::optional<Ends> {
        const auto sink = sinks.find({packet.destination, packet.destination_port});
        const auto signer = signature(packet);
        if (sink == sinks.end() || !signer) {
            return std::nullopt;
        }
        return Ends{{short_lived(signer->pid)}, {sink->second}};
    });
}

// Which process had a port: written by the server, in memory that it shares with the bench.
class PortTable {
  public:
    PortTable()
        : pids_(static_cast<uint32_t*>(
              mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
        if (pids_ == MAP_FAILED) {
            throw std::runtime_error("mmap");
        }
    }
    PortTable(const PortTable&) = delete;
    PortTable& operator=(const PortTable&) = delete;
    ~PortTable() { munmap(pids_, kSize); }

    uint32_t* pids() const { return pids_; }

  private:
    static constexpr size_t kSize = 65536 * sizeof(uint32_t);
    uint32_t* pids_;
};

// On loopback the kernel reuses a port whose last connection is in TIME_WAIT for a second, as a
// burst on a busy machine lasts longer: net.ipv4.tcp_tw_reuse is 2.
constexpr auto kUsePortsOnce = []() -> int64_t {
    const int fd = open("/proc/sys/net/ipv4/tcp_tw_reuse", O_WRONLY | O_CLOEXEC);
    const int64_t written = fd < 0 ? -1 : write(fd, "0", 1);
    close(fd);
    return written;
};

// Serves one client, and notes who it is.
bool serve(int fd, const Address& peer, uint32_t* pids) {
    char chunk[300] = "";
    if (read(fd, chunk, sizeof(chunk) - 1) <= 0) {
        return false;
    }
    // The port stands at the same place in both families' addresses.
    const uint16_t port = ntohs(reinterpret_cast<const sockaddr_in*>(&peer.storage)->sin_port);
    const bool is_new = pids[port] == 0;  // the table can tell one process of a port
    sscanf(chunk, "pid=%u", &pids[port]);
    const int length = snprintf(chunk, sizeof(chunk), "pid=%d tid=%d answer", getpid(), getpid());
    if (write(fd, chunk, static_cast<size_t>(length)) != length) {
        return false;
    }
    errno = EADDRINUSE;
    return is_new;
}

// What goes wrong with one client is told at the end: the others, and who waits for them, must not
// wait for ever.
constexpr auto kServe = [](int listening, uint32_t* pids, int count) -> int64_t {
    const timeval patience{.tv_sec = 120, .tv_usec = 0};
    setsockopt(listening, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    int wrong = 0;
    for (int i = 0; i < count; i++) {
        Address peer;
        peer.length = sizeof(peer.storage);
        const int fd = accept(listening, reinterpret_cast<sockaddr*>(&peer.storage), &peer.length);
        if (fd < 0) {
            return -1;
        }
        if (!serve(fd, peer, pids)) {
            wrong = errno != 0 ? errno : EPIPE;
        }
        close(fd);
    }
    errno = wrong;
    return wrong == 0 ? 0 : -1;
};

void play_exchanges(const Path& path, Ownership& ownership) {
    constexpr int kCount = 100;
    const PortTable table;
    Actor spawner(path.client, "spawner");
    Actor server(path.server, "server");
    const int listening = listener(server, path.server_at(0));
    const uint16_t port = local_port(server, listening);
    spawner.call(kUsePortsOnce);
    server.begin(kServe, listening, table.pids(), kCount);
    spawner.call(kSpawn, Text("call"), Text(path.server_address), port, kCount);
    if (const int64_t served = server.finish(); served != 0) {
        throw std::runtime_error("not every client was served: " +
                                 std::string(strerror(static_cast<int>(-served))));
    }
    ownership.claim("tcp", path.server_address, port, server.who());
    for (unsigned client = 1; client < 65536; client++) {
        if (table.pids()[client] != 0) {
            ownership.claim_conversation("tcp", path, static_cast<uint16_t>(client),
                                         short_lived(table.pids()[client]), port, server.who());
        }
    }
    settle(path.client);
    settle(path.server);
}

// Children that don't exec have their own PID, and their parent's program. Every other one uses the
// parent's socket.
void play_children(const Path& path, Ownership& ownership) {
    constexpr int kCount = 50;
    const PortTable table;  // here by their number
    Actor parent(path.client, "parent-" + path.name);
    Actor sink(path.server, "sink");
    const int to = bound_socket(sink, path.server_at(0), SOCK_DGRAM);
    const uint16_t port = local_port(sink, to);
    const int shared = connected_socket(parent, path.server_at(port), SOCK_DGRAM);
    // So that no datagram has to wait for its neighbour, while others use the socket.
    pass(parent, shared, sink, to, "first");
    Actor forker = parent.fork_child("parent-" + path.name);
    forker.call(
        [](int inherited, Address peer, uint32_t* pids, int count) -> int64_t {
            for (int i = 0; i < count; i++) {
                const pid_t pid = fork();
                if (pid == 0) {
                    int fd = inherited;
                    if (i % 2 == 0) {
                        fd = socket(peer.family(), SOCK_DGRAM, 0);
                        connect(fd, reinterpret_cast<sockaddr*>(&peer.storage), peer.length);
                    }
                    char text[64];
                    const int length =
                        snprintf(text, sizeof(text), "pid=%d tid=%d child", getpid(), getpid());
                    _exit(write(fd, text, static_cast<size_t>(length)) == length ? 0 : 1);
                }
                pids[i] = static_cast<uint32_t>(pid);
            }
            while (waitpid(-1, nullptr, 0) > 0) {
            }
            return 0;
        },
        shared, path.server_at(port), table.pids(), kCount);
    hear_many(sink, to, kCount);
    const Who parent_who = parent.who();
    ownership.add_user(parent_who);
    ownership.claim("udp", path.server_address, port, sink.who());
    for (int i = 0; i < kCount; i++) {
        Who child = parent_who;
        child.pid = table.pids()[i];
        child.start_ns = 0;
        ownership.add_user(child);
    }
}

// The file has the PID of the host; the one that the process sees itself stands beside it.
void play_pid_namespace(const Path& path, Ownership& ownership) {
    Actor outside(path.client, "outside");
    outside.call([] { return unshare(CLONE_NEWPID); });
    Actor inside = outside.fork_child("inside-" + path.name);
    Actor server(path.server, "server");
    const int to = bound_socket(server, path.server_at(0), SOCK_DGRAM);
    const uint16_t port = local_port(server, to);
    const int from = connected_socket(inside, path.server_at(port), SOCK_DGRAM);
    for (int i = 0; i < 3; i++) {
        inside.call([](int fd) { return getpid() == 1 ? write(fd, "as PID 1", 8) : -1; }, from);
        hear_and_answer(server, to, "answer");
        hear(inside, from);
    }
    const Who who = inside.who();
    ownership.claim_flow("udp", path, local_port(inside, from), who, port, server.who());
    ownership.demand(who.pid, "nspid", "1");
}

}  // namespace

void add_lifetime(Scenarios& all) {
    all.push_back(from_scratch("burst-of-1000-datagrams", 1350, play_datagrams));
    all.push_back(on_each_path("burst-of-400-exchanges", 4000, play_exchanges));
    all.push_back(on_each_path("burst-of-forks", 300, play_children));
    all.push_back(on_each_path("pid-namespace", 32, play_pid_namespace));
}

}  // namespace bench
