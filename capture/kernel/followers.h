// SPDX-License-Identifier: GPL-2.0-only
//
// The programs that follow sockets (bpf/socket.bpf.c) and processes (bpf/process.bpf.c), found in
// the object by name. The programs that see which process uses a socket are in tracing.h.
// Stateless.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/kernel/tracing.h"

namespace capture {

// Chooses whether these programs are loaded. Call it before loading.
void choose_followers(bpf_object& object, bool wanted);

// Attach the programs after loading, those for sockets to the cgroup. Destroying the links detaches
// them. An error names the attach point that failed.
Result<std::vector<Link>> attach_socket_followers(const bpf_object& object, int cgroup_fd);
Result<std::vector<Link>> attach_process_followers(const bpf_object& object);

// Returns how many process events the kernel skipped, see misses_of().
uint64_t missed_events(const bpf_object& object);

}  // namespace capture
