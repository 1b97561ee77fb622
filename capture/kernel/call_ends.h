// SPDX-License-Identifier: GPL-2.0-only
//
// CallEnds: has the ends of system calls seen, where programs see them at tracepoints.
//
// A program at the end of each system call slows down every process. It is needed only once a
// process sends on a datagram socket that others use, too (with CONFIG_PREEMPT_RT any socket;
// needs_call_ends() of bpf/shared_socket.h), or a program of another ABI uses a descriptor
// (bpf/syscall.bpf.c). The ends of accept, setns and unshare have programs of their own, which
// stay: the kernel waits while it takes such a program off. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "capture/kernel/tracing.h"
#include "pcapng/result.h"

struct bpf_program;

namespace capture {

class CallEnds {
  public:
    // The programs and variables of bpf/syscall.bpf.c, which outlive this object.
    struct Parts {
        const bpf_program* all;  // socket_used
        const bpf_program* accept;
        const bpf_program* netns;
        const uint32_t* wanted;  // wants_call_ends
        uint32_t* seen;          // sees_call_ends
    };

    // Attaches what has to be seen from the start: all ends, if this process couldn't attach that
    // program later without capabilities, or the kernel has no tracepoints of single calls.
    static Result<CallEnds> follow(const Parts& parts);

    // Attaches the program at all ends once it is wanted. Needs no capability. Tries again a second
    // later if the kernel refuses; meanwhile some datagrams have no process.
    void follow_wanted();

    // Whether follow_wanted() may still have to attach it.
    bool attaches_later() const { return all_ == nullptr; }

  private:
    explicit CallEnds(const Parts& parts) : parts_(parts) {}

    bool follow_some();
    // Returns whether the program at all ends is attached; else errno says why not.
    bool follow_all();

    Parts parts_;
    std::vector<Link> some_;
    Link all_;
    std::chrono::steady_clock::time_point next_try_;
};

}  // namespace capture
