// SPDX-License-Identifier: GPL-2.0-only
//
// Probes for single kernel features. Each tries the feature with a program of two instructions that
// does nothing, and returns 0 if it works or the errno of the step that failed. Nothing stays
// loaded or attached. The caller decides what becomes of libbpf's messages (see LibbpfLog). A
// capture uses the probes through Features.
#pragma once

#include <linux/bpf.h>

#include <string>

namespace capture {

int try_load(bpf_prog_type type);

// Tries whether the kernel knows tcx links, without attaching one.
int try_tcx_known();

// Attaches to lo in a network namespace that a child process creates, and that ends with the child.
// `unshared` is the errno of creating it; if that failed, the other values are meaningless.
struct InterfaceProbe {
    int unshared = 0;
    int tcx = 0;
    int clsact = 0;
    int xdp = 0;
};
InterfaceProbe try_interface_attach();

// Attaches a program that allows everything to the cgroup, and detaches it at once.
int try_cgroup_attach(int cgroup_fd, bpf_prog_type program, bpf_attach_type type);

int try_raw_tracepoint(const char* name);

// Attaches to bpf_fentry_test1(), which the kernel calls only in its own tests.
int try_fentry();
int try_kprobe();

// Tries whether programs can be attached to functions of user space by links, without attaching.
int try_uprobe_multi();

// Duplicates a file descriptor of a child that has made itself undumpable, and is as inaccessible
// as another user's process. The kernel refuses this without CAP_SYS_PTRACE.
int try_pidfd_getfd();

}  // namespace capture
