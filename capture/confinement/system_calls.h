// SPDX-License-Identifier: GPL-2.0-only
//
// A filter of system calls (seccomp) for what pidcap has running: it denies what an intruder would
// want and pidcap never calls. It is a list of what is denied, not of what is allowed: the C
// library and libzstd may call something new with their next version, and a capture that is killed
// by an update is worse than a call that does no harm without rights. What leads around such a list
// (io_uring, other architectures' calls) is denied, too.
#pragma once

#include "pcapng/result.h"

namespace capture {

// What stays allowed of what is denied otherwise.
struct SystemCalls {
    enum class Answer { kKill, kError };  // kError: EPERM

    Answer answer = Answer::kKill;
    bool opens_for_writing = false;  // and makes, renames and removes files
    bool connects = false;           // makes sockets of any family, and connects them
    bool attaches_programs = false;  // makes BPF links
    bool follows_calls = false;      // attaches programs that it has to raw tracepoints
    bool loads_programs = false;     // and makes maps, links and perf events for them
    bool enters_namespaces = false;  // setns(2)
    bool runs_programs = false;      // BPF_PROG_TEST_RUN, for the programs that it has
    bool opens_by_handle = false;    // open_by_handle_at(2)
    bool signals_processes = false;  // pidfd_send_signal(2)
};

// Loads the filter for this process and its children, for good. Does nothing on a kernel without
// seccomp filters.
pcapng::Result<void> deny(const SystemCalls& calls);

// Returns true if the kernel has them.
bool can_filter_system_calls();

}  // namespace capture
