// SPDX-License-Identifier: GPL-2.0-only
//
// Finds the sockets that existed before the capture, in every network namespace: each is duplicated
// out of its process (pidfd_getfd(2), Linux 5.6), shown to the caller and closed again. Nothing is
// read from it, and none of its flags change. Needs CAP_SYS_PTRACE.
//
// What /proc can't tell is who used a socket last. Where one process alone holds it, that is its
// owner; where several do, it is nobody's until one of them uses it.
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
    uint64_t sockets = 0;               // shown to the caller with their owner
    uint64_t shared = 0;                // held by several processes: shown with owner.tgid 0
    uint64_t other = 0;                 // of other families (unix, netlink, …): not shown
    uint64_t unreadable = 0;            // sockets that we were not allowed to duplicate
    uint64_t vanished = 0;              // closed, or their process ended, while we looked
    uint64_t unreadable_processes = 0;  // whose descriptors we were not allowed to list. A socket
                                        // that such a one shares counts as the other holder's.
};

// Called once per socket of AF_INET, AF_INET6 or AF_PACKET. `fd` is valid during the call. The
// owner is as of now, so what the kernel's programs wrote meanwhile is newer: BPF_NOEXIST.
// owner.start_boot is cut to clock ticks; owner.cgroup_id 0 where it is not known.
using SocketCallback = std::function<void(int fd, const pidcap_owner& owner)>;

// An Error where nothing can be scanned at all: no /proc, no pidfd_getfd.
pcapng::Result<SocketScanCounts> scan_sockets(const BootClock& clock, const CgroupTree& cgroups,
                                              const SocketCallback& found,
                                              const std::string& proc_root = "/proc");

// Whether this kernel has pidfd_getfd and lets us use it; the error says what is missing.
pcapng::Result<void> check_socket_scan();

}  // namespace capture
