// SPDX-License-Identifier: GPL-2.0-only
//
// The programs that follow sockets (bpf/socket.bpf.c) and processes (bpf/process.bpf.c), found in
// the object by name. Those that see the uses of sockets are in tracing.h. Stateless.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/kernel/tracing.h"

namespace capture {

// Before loading: whether they are loaded.
void choose_followers(bpf_object& object, bool wanted);

// After loading: attaches them, those of sockets to the cgroup. Destroying the links detaches them.
Result<std::vector<Link>> attach_socket_followers(const bpf_object& object, int cgroup_fd);
Result<std::vector<Link>> attach_process_followers(const bpf_object& object);

// How many events of processes the kernel left out, see misses_of().
uint64_t missed_events(const bpf_object& object);

}  // namespace capture
