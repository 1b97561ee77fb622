// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/followers.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <array>
#include <cassert>
#include <cerrno>

namespace capture {
namespace {

using pcapng::errno_error;

struct Follower {
    const char* name;
    const char* place;  // sockets: the attach point in words; processes: the raw tracepoint
};

constexpr std::array<Follower, 2> kOfSockets{{
    {"socket_create", "socket creation"},
    {"socket_release", "socket release"},
}};

constexpr std::array<Follower, 4> kOfProcesses{{
    {"process_fork", "sched_process_fork"},
    {"process_exec", "sched_process_exec"},
    {"process_exit", "sched_process_exit"},
    {"process_rename", "task_rename"},
}};

bpf_program* find(const bpf_object& object, const Follower& follower) {
    bpf_program* program = bpf_object__find_program_by_name(&object, follower.name);
    assert(program != nullptr);
    return program;
}

}  // namespace

void choose_followers(bpf_object& object, bool wanted) {
    for (const Follower& follower : kOfSockets) {
        bpf_program__set_autoload(find(object, follower), wanted);
    }
    for (const Follower& follower : kOfProcesses) {
        bpf_program__set_autoload(find(object, follower), wanted);
    }
}

Result<std::vector<Link>> attach_socket_followers(const bpf_object& object, int cgroup_fd) {
    std::vector<Link> links;
    for (const Follower& follower : kOfSockets) {
        links.emplace_back(bpf_program__attach_cgroup(find(object, follower), cgroup_fd));
        if (links.back() == nullptr) {
            return errno_error(fmt::format("attach to {} in the root of cgroup v2", follower.place),
                               errno);
        }
    }
    return links;
}

Result<std::vector<Link>> attach_process_followers(const bpf_object& object) {
    std::vector<Link> links;
    for (const Follower& follower : kOfProcesses) {
        links.emplace_back(
            bpf_program__attach_raw_tracepoint(find(object, follower), follower.place));
        if (links.back() == nullptr) {
            return errno_error(fmt::format("attach to the raw tracepoint {}", follower.place),
                               errno);
        }
    }
    return links;
}

uint64_t missed_events(const bpf_object& object) {
    uint64_t missed = 0;
    for (const Follower& follower : kOfProcesses) {
        missed += misses_of(*find(object, follower));
    }
    return missed;
}

}  // namespace capture
