// SPDX-License-Identifier: GPL-2.0-only
#include "capture/confinement/system_calls.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <initializer_list>
#include <memory>
#include <type_traits>

// LeakSanitizer looks at this process by ptrace(2) at its end. Only sanitized builds call this.
extern "C" int __lsan_is_turned_off() {  // NOLINT(readability-identifier-naming): its name
    return prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER ? 1 : 0;
}

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Result;

// Other programs, other processes, the machine; and what leads around the filter.
constexpr std::array kNever = {
    "execve",
    "execveat",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "pidfd_open",
    "kcmp",
    "process_madvise",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsmount",
    "fsconfig",
    "fspick",
    "mount_setattr",
    "unshare",
    "add_key",
    "request_key",
    "keyctl",
    "userfaultfd",
    "acct",
    "quotactl",
    "settimeofday",
    "clock_settime",
    "adjtimex",
    "clock_adjtime",
    "sethostname",
    "setdomainname",
    "iopl",
    "ioperm",
    "syslog",
    "name_to_handle_at",
    "personality",
    "vhangup",
    "lookup_dcookie",
    "fanotify_init",
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setfsuid",
    "setfsgid",
    "setgroups",
    "capset",
};

// Change files by their names. ftruncate(2) and fchmod(2) need a descriptor that is open. They are
// an error: what tidies up at its end, as a library may, mustn't die of it.
constexpr std::array kFiles = {
    "truncate",  "unlink",      "unlinkat",     "rename", "renameat", "renameat2", "link",
    "linkat",    "symlink",     "symlinkat",    "mkdir",  "mkdirat",  "rmdir",     "mknod",
    "mknodat",   "chmod",       "fchmodat",     "chown",  "lchown",   "fchownat",  "setxattr",
    "lsetxattr", "removexattr", "lremovexattr", "utime",  "utimes",   "utimensat", "futimesat",
};

constexpr std::array kConnections = {"connect", "listen"};

// Programs and maps are loaded, and found by others' numbers, before.
constexpr std::array kBpfCommands = {
    BPF_MAP_CREATE,    BPF_PROG_LOAD,         BPF_OBJ_PIN,           BPF_OBJ_GET,
    BPF_PROG_ATTACH,   BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID,  BPF_BTF_LOAD,
    BPF_LINK_UPDATE,   BPF_BTF_GET_FD_BY_ID,  BPF_LINK_GET_FD_BY_ID, BPF_ITER_CREATE,
    BPF_PROG_BIND_MAP,
};

class Filter {
  public:
    explicit Filter(SystemCalls::Answer answer)
        : context_(seccomp_init(SCMP_ACT_ALLOW)),
          action_(answer == SystemCalls::Answer::kKill ? SCMP_ACT_KILL_PROCESS
                                                       : SCMP_ACT_ERRNO(EPERM)) {
        failed_ = context_ == nullptr
                      ? -ENOMEM
                      : seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, action_);
        if (failed_ == 0) {
            // A search tree in place of a list that each call goes through.
            seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
        }
    }

    void never(const char* call) { add(call, action_, {}); }
    void never_if(const char* call, scmp_arg_cmp argument) { add(call, action_, {argument}); }
    void forbid(const char* call) { add(call, SCMP_ACT_ERRNO(EPERM), {}); }
    // As on a kernel that hasn't got it, so that the C library takes another one.
    void unknown(const char* call) { add(call, SCMP_ACT_ERRNO(ENOSYS), {}); }

    // Returns 0 or a negative errno.
    int load() { return failed_ != 0 ? failed_ : seccomp_load(context_.get()); }

  private:
    struct Release {
        void operator()(void* context) const { seccomp_release(context); }
    };

    // A call that this architecture or this libseccomp doesn't know can't be denied.
    void add(const char* call, uint32_t action, std::initializer_list<scmp_arg_cmp> arguments) {
        const int number = seccomp_syscall_resolve_name(call);
        if (failed_ != 0 || number == __NR_SCMP_ERROR) {
            return;
        }
        failed_ =
            seccomp_rule_add_array(context_.get(), action, number,
                                   static_cast<unsigned>(arguments.size()), arguments.begin());
    }

    std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, Release> context_;
    uint32_t action_;
    int failed_ = 0;
};

scmp_arg_cmp masked(unsigned argument, uint64_t mask, uint64_t value) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

scmp_arg_cmp equal(unsigned argument, uint64_t value) {
    return masked(argument, UINT32_MAX, value);
}

void deny_files(Filter& filter) {
    for (const char* call : kFiles) {
        filter.forbid(call);
    }
    filter.never("creat");
    filter.unknown("openat2");  // its flags are in memory, where no filter looks
    const struct {
        const char* call;
        unsigned flags;
    } opens[] = {{"open", 1}, {"openat", 2}, {"open_by_handle_at", 2}};
    for (const auto& [call, flags] : opens) {
        for (const int access : {O_WRONLY, O_RDWR, O_ACCMODE}) {
            filter.never_if(call, masked(flags, O_ACCMODE, static_cast<uint64_t>(access)));
        }
        filter.never_if(call, masked(flags, O_CREAT, O_CREAT));
        filter.never_if(call, masked(flags, O_TRUNC, O_TRUNC));
    }
}

// Netlink stays: interfaces and filters are asked for by it.
void deny_connections(Filter& filter) {
    for (const char* call : kConnections) {
        filter.never(call);
    }
    filter.never_if("socket", {0, SCMP_CMP_NE, AF_NETLINK, 0});
}

}  // namespace

Result<void> deny(const SystemCalls& calls) {
    Filter filter(calls.answer);
    for (const char* call : kNever) {
        filter.never(call);
    }
    // A user namespace would give capabilities inside of it.
    filter.unknown("clone3");
    filter.never_if("clone", masked(0, CLONE_NEWUSER, CLONE_NEWUSER));
    if (!calls.opens_for_writing) {
        deny_files(filter);
    }
    if (!calls.connects) {
        deny_connections(filter);
    }
    if (!calls.loads_programs) {
        filter.never("perf_event_open");
        for (const int command : kBpfCommands) {
            filter.never_if("bpf", equal(0, static_cast<uint64_t>(command)));
        }
    }
    if (!calls.attaches_programs && !calls.loads_programs) {
        filter.never_if("bpf", equal(0, BPF_LINK_CREATE));
    }
    if (!calls.follows_calls && !calls.loads_programs) {
        filter.never_if("bpf", equal(0, BPF_RAW_TRACEPOINT_OPEN));
    }
    if (!calls.runs_programs) {
        filter.never_if("bpf", equal(0, BPF_PROG_TEST_RUN));
    }
    if (!calls.enters_namespaces) {
        filter.never("setns");
    }
    if (!calls.opens_by_handle) {
        filter.never("open_by_handle_at");
    }
    if (!calls.signals_processes) {
        filter.never("pidfd_send_signal");
    }
    const int code = filter.load();
    if (code != 0 && can_filter_system_calls()) {
        return errno_error("load a filter of system calls", -code);
    }
    return {};
}

bool can_filter_system_calls() {
    // The kernel looks at the action, and at nothing else (Linux 4.14).
    const uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

}  // namespace capture
