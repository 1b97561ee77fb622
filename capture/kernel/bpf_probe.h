// SPDX-License-Identifier: GPL-2.0-only
//
// Single questions to the kernel, each answered by doing the thing with a program of two
// instructions that does nothing. Every answer is 0 for "it works" or the errno of the step that
// failed. Nothing stays loaded or attached. What libbpf prints about a failure is up to the caller
// (see LibbpfLog). A capture asks them through Features.
#pragma once

#include <linux/bpf.h>

#include <string>

namespace capture {

int try_load(bpf_prog_type type);

// Whether the kernel knows tcx links at all, without attaching one.
int try_tcx_known();

// Attaches to lo of a network namespace that a child makes and takes with it. `unshared` is the
// errno of making it; the others mean nothing if that failed.
struct InterfaceProbe {
    int unshared = 0;
    int tcx = 0;
    int clsact = 0;
    int xdp = 0;
};
InterfaceProbe try_interface_attach();

// Attaches a program that allows everything to the cgroup, and takes it off at once.
int try_cgroup_attach(const std::string& cgroup, bpf_prog_type program, bpf_attach_type type);

int try_raw_tracepoint(const char* name);

// On bpf_fentry_test1(), which the kernel calls only in its own tests.
int try_fentry();
int try_kprobe();

// A file descriptor of a child that closed itself to others, as those of other users are: refused
// without CAP_SYS_PTRACE.
int try_pidfd_getfd();

}  // namespace capture
