// SPDX-License-Identifier: GPL-2.0-only
//
// Finds the sockets that existed before the capture, in every network namespace. Each is duplicated
// from its process (pidfd_getfd(2), Linux 5.6), passed to the caller and closed again. Nothing is
// read from it, and none of its flags change. Needs CAP_SYS_PTRACE.
//
// /proc doesn't show who used a socket last. If only one process holds it, that process is its
// owner. If several hold it, it has no owner until one of them uses it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bpf/contract.h"
#include "capture/processes/boot_clock.h"
#include "capture/processes/cgroup.h"
#include "pcapng/result.h"

namespace capture {

struct SocketScanCounts {
    uint64_t sockets = 0;     // passed to the caller with their owner
    uint64_t shared = 0;      // held by several processes: passed with owner.tgid 0
    uint64_t other = 0;       // other families (unix, netlink, …): not passed
    uint64_t unreadable = 0;  // sockets that we were not allowed to duplicate
    uint64_t vanished = 0;    // closed, or their process ended, during the scan
    // Processes whose descriptors we were not allowed to list. A socket that such a process shares
    // with one other counts as held by the other alone.
    uint64_t unreadable_processes = 0;
};

// Called once per socket of AF_INET, AF_INET6 or AF_PACKET. `fd` is valid during the call. What the
// kernel's programs have stored about the socket is newer than `owner`, so store it with
// BPF_NOEXIST. owner.start_boot is rounded down to clock ticks; owner.cgroup_id is 0 if it is not
// known.
using SocketCallback = std::function<void(int fd, const pidcap_owner& owner)>;

// Returns an error if nothing can be scanned at all: no /proc, or no pidfd_getfd.
pcapng::Result<SocketScanCounts> scan_sockets(const BootClock& clock, const CgroupTree& cgroups,
                                              const SocketCallback& found,
                                              const std::string& proc_root = "/proc");

// Returns an error that says what is missing if the kernel has no pidfd_getfd or doesn't let us use
// it.
pcapng::Result<void> check_socket_scan();

}  // namespace capture
