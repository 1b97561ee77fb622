// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/bpf_probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/pkt_cls.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <limits>

#include "capture/kernel/uprobe_multi.h"
#include "pcapng/fd.h"

namespace capture {
namespace {

using pcapng::Fd;

// From enum bpf_attach_type of Linux 6.6; the libbpf and headers of Debian 12 are older.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);

constexpr int kAllow = 1;  // a cgroup/sock program's result: allow the socket

constexpr int kLoopback = 1;  // ifindex of lo in a new network namespace

// Only BPF_PROG_TEST_RUN calls it (net/bpf/test_run.c), so attaching to it affects nothing else.
constexpr const char* kQuietFunction = "bpf_fentry_test1";

struct Loaded {
    Fd fd;
    int code = 0;
};

// Loads a program that returns `result`.
Loaded load(bpf_prog_type type, int result, bpf_prog_load_opts options = {}) {
    bpf_insn set{};
    set.code = BPF_ALU64 | BPF_MOV | BPF_K;
    set.imm = result;
    bpf_insn exit{};
    exit.code = BPF_JMP | BPF_EXIT;
    const std::array<bpf_insn, 2> program{set, exit};
    options.sz = sizeof(options);
    const int fd = bpf_prog_load(type, nullptr, "GPL", program.data(), program.size(), &options);
    return {Fd(fd), fd < 0 ? -fd : 0};
}

Loaded load_attachable(bpf_prog_type type, int result, bpf_attach_type attach) {
    bpf_prog_load_opts options{};
    options.expected_attach_type = attach;
    return load(type, result, options);
}

// Creates a link and destroys it. Returns 0 or the errno.
int try_link(int program, int target, bpf_attach_type type) {
    const Fd link(bpf_link_create(program, target, type, nullptr));
    return link.valid() ? 0 : errno;
}

int try_clsact(int program) {
    bpf_tc_hook hook{};
    hook.sz = sizeof(hook);
    hook.ifindex = kLoopback;
    hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
    if (const int code = bpf_tc_hook_create(&hook); code != 0) {
        return -code;
    }
    for (const bpf_tc_attach_point side : {BPF_TC_INGRESS, BPF_TC_EGRESS}) {
        hook.attach_point = side;
        bpf_tc_opts options{};
        options.sz = sizeof(options);
        options.prog_fd = program;
        if (const int code = bpf_tc_attach(&hook, &options); code != 0) {
            return -code;
        }
    }
    return 0;
}

InterfaceProbe probe_here() {
    InterfaceProbe probe;
    if (unshare(CLONE_NEWNET) != 0) {
        probe.unshared = errno;
        return probe;
    }
    const Loaded program = load(BPF_PROG_TYPE_SCHED_CLS, TC_ACT_UNSPEC);
    if (!program.fd.valid()) {
        probe.tcx = probe.clsact = probe.xdp = program.code;
        return probe;
    }
    probe.tcx = try_link(program.fd.get(), kLoopback, kTcxIngress);
    if (probe.tcx == 0) {
        probe.tcx = try_link(program.fd.get(), kLoopback, kTcxEgress);
    }
    probe.clsact = try_clsact(program.fd.get());
    const Loaded xdp = load_attachable(BPF_PROG_TYPE_XDP, XDP_PASS, BPF_XDP);
    probe.xdp = xdp.fd.valid() ? try_link(xdp.fd.get(), kLoopback, BPF_XDP) : xdp.code;
    return probe;
}

void wait_for(pid_t child) {
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
}

int try_getfd_of(pid_t process) {
    const Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, process, 0)));
    if (!pidfd.valid()) {
        return errno;
    }
    // The child has no such descriptor: EBADF means that we have permission.
    const Fd got(static_cast<int>(
        syscall(__NR_pidfd_getfd, pidfd.get(), std::numeric_limits<int>::max(), 0)));
    return got.valid() || errno == EBADF ? 0 : errno;
}

}  // namespace

int try_load(bpf_prog_type type) {
    return load(type, 0).code;
}

int try_tcx_known() {
    const Loaded program = load(BPF_PROG_TYPE_SCHED_CLS, TC_ACT_UNSPEC);
    if (!program.fd.valid()) {
        return program.code;
    }
    // No interface has this index. A kernel that knows tcx looks for the interface and returns
    // ENODEV; one that doesn't returns EINVAL for the attach type.
    const int code = try_link(program.fd.get(), std::numeric_limits<int>::max(), kTcxIngress);
    return code == ENODEV ? 0 : code;
}

InterfaceProbe try_interface_attach() {
    InterfaceProbe probe{.unshared = EIO};
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        probe.unshared = errno;
        return probe;
    }
    const Fd reader(ends[0]);
    Fd writer(ends[1]);
    const pid_t child = fork();
    if (child == 0) {
        const InterfaceProbe found = probe_here();
        const bool sent = write(writer.get(), &found, sizeof(found)) == sizeof(found);
        _exit(sent ? 0 : 1);
    }
    writer.reset();
    if (child < 0) {
        probe.unshared = errno;
        return probe;
    }
    InterfaceProbe found;
    ssize_t size = 0;
    do {
        size = read(reader.get(), &found, sizeof(found));
    } while (size < 0 && errno == EINTR);
    wait_for(child);
    return size == sizeof(found) ? found : probe;
}

int try_cgroup_attach(int cgroup_fd, bpf_prog_type program_type, bpf_attach_type type) {
    const Loaded program = load_attachable(program_type, kAllow, type);
    if (!program.fd.valid()) {
        return program.code;
    }
    return try_link(program.fd.get(), cgroup_fd, type);
}

int try_raw_tracepoint(const char* name) {
    const Loaded program = load(BPF_PROG_TYPE_RAW_TRACEPOINT, 0);
    if (!program.fd.valid()) {
        return program.code;
    }
    const Fd link(bpf_raw_tracepoint_open(name, program.fd.get()));
    return link.valid() ? 0 : errno;
}

int try_fentry() {
    const int id = libbpf_find_vmlinux_btf_id(kQuietFunction, BPF_TRACE_FENTRY);
    if (id < 0) {
        return -id;
    }
    bpf_prog_load_opts options{};
    options.expected_attach_type = BPF_TRACE_FENTRY;
    options.attach_btf_id = static_cast<__u32>(id);
    const Loaded program = load(BPF_PROG_TYPE_TRACING, 0, options);
    if (!program.fd.valid()) {
        return program.code;
    }
    const Fd link(bpf_raw_tracepoint_open(nullptr, program.fd.get()));
    return link.valid() ? 0 : errno;
}

int try_kprobe() {
    const Loaded program = load(BPF_PROG_TYPE_KPROBE, 0);
    if (!program.fd.valid()) {
        return program.code;
    }
    std::ifstream file("/sys/bus/event_source/devices/kprobe/type");
    uint32_t type = 0;
    if (!(file >> type)) {
        return ENOENT;
    }
    perf_event_attr attributes{};
    attributes.size = sizeof(attributes);
    attributes.type = type;
    attributes.kprobe_func = reinterpret_cast<uintptr_t>(kQuietFunction);
    const Fd event(static_cast<int>(
        syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
    return event.valid() ? 0 : errno;
}

int try_uprobe_multi() {
    const Loaded program = load_attachable(BPF_PROG_TYPE_KPROBE, 0, kUprobeMultiAttach);
    if (!program.fd.valid()) {
        return program.code;
    }
    // A kernel that has such links refuses a folder (EBADF); one that hasn't, the attach type.
    const uint64_t zero = 0;
    const Fd link(link_uprobes(program.fd.get(), "/", {&zero, 1}, {&zero, 1}));
    return !link.valid() && errno != EBADF ? errno : 0;
}

int try_pidfd_getfd() {
    std::array<int, 2> ready{};
    std::array<int, 2> done{};
    if (pipe2(ready.data(), O_CLOEXEC) != 0) {
        return errno;
    }
    const Fd ready_reader(ready[0]);
    Fd ready_writer(ready[1]);
    if (pipe2(done.data(), O_CLOEXEC) != 0) {
        return errno;
    }
    Fd done_reader(done[0]);
    Fd done_writer(done[1]);
    char byte = 0;
    const pid_t child = fork();
    if (child == 0) {
        done_writer.reset();
        prctl(PR_SET_DUMPABLE, 0);
        const bool sent = write(ready_writer.get(), &byte, 1) == 1;
        // read() returns 0 once the parent closes its end.
        _exit(sent && read(done_reader.get(), &byte, 1) == 0 ? 0 : 1);
    }
    if (child < 0) {
        return errno;
    }
    ready_writer.reset();
    done_reader.reset();
    const bool waits = read(ready_reader.get(), &byte, 1) == 1;
    const int code = waits ? try_getfd_of(child) : EIO;
    done_writer.reset();
    wait_for(child);
    return code;
}

}  // namespace capture
