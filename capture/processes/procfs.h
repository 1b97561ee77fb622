// SPDX-License-Identifier: GPL-2.0-only
//
// ProcFs: reads processes from /proc. Everything about one process is read through one open
// /proc/PID directory, which the kernel ties to that process. If the process ends and its pid is
// reused, further reads fail with ESRCH instead of showing the other process.
//
// Text is as the process set it: a comm, a path or a command line may contain any byte. Owns the
// descriptor of the root. Const calls are safe on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "packet/dissect/address.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

// The fields of /proc/PID/stat that identify a process, and what it uses.
struct ProcStat {
    uint32_t ppid = 0;
    uint64_t start_ticks = 0;     // field 22, in the reader's time namespace
    char state = '?';             // 'Z' and 'X': dead
    std::string comm;             // at most 15 bytes
    uint64_t user_ticks = 0;      // field 14: CPU time of all threads, in USER_HZ (1/100 s)
    uint64_t system_ticks = 0;    // field 15: likewise
    uint32_t threads = 0;         // field 20
    uint64_t resident_pages = 0;  // field 24
};

// Fields of /proc/PID/status.
struct ProcStatus {
    uint32_t tgid = 0;
    uint32_t uid = 0;     // effective
    uint32_t gid = 0;     // effective
    uint32_t nspid = 0;   // in the innermost PID namespace
    uint32_t levels = 0;  // of PID namespaces, from the one that /proc shows to the innermost one
};

// Everything that is read about one process. A field is empty or 0 if we may not read it (exe and
// netns of other users' processes, without CAP_SYS_PTRACE) or it doesn't exist (a kernel thread's
// exe).
struct ProcProcess {
    ProcStat stat;
    ProcStatus status;
    uint32_t netns = 0;      // inode number
    uint32_t mntns = 0;      // inode number
    std::string exe;         // without the " (deleted)" that the kernel appends to an unlinked file
    std::string exe_device;  // as device_text() makes it
    uint64_t exe_inode = 0;
    std::string cmdline;  // at most kMaxCmdline bytes; each argument ended by a NUL
    std::string cgroup;   // path in cgroup v2
};

constexpr size_t kMaxCmdline = 4096;

// What a process can change without an event, and what is needed to know it again.
struct ProcTitle {
    ProcStat stat;
    std::string cmdline;  // as in ProcProcess
};

// The addresses of the interfaces in its network namespace (namespace_addresses.h).
struct ProcAddresses {
    ProcStat stat;
    uint32_t netns = 0;  // inode number; 0: we may not see it, and there are no addresses
    std::vector<packet::Address> addresses;
};

class ProcFs {
  public:
    // `root` is /proc or a directory with the same layout.
    static pcapng::Result<ProcFs> open(const std::string& root = "/proc");

    // Returns the inode number of the PID namespace whose pids this /proc shows, or 0 if that is
    // the initial one, whose pids the kernel's programs report. Returns an error if it isn't the
    // caller's own, in which pids of system calls count.
    pcapng::Result<uint32_t> pid_namespace() const;

    // Returns the pids of all processes at this moment, without threads.
    pcapng::Result<std::vector<uint32_t>> pids() const;

    // Opens the directory of a process, for the functions below and for files that they don't read.
    pcapng::Result<pcapng::Fd> open_process(uint32_t pid) const;

    // Read a process. Error code ESRCH means that there is no such process, or no longer; one that
    // /proc hides (hidepid) is an error of another code. The pid
    // of a thread that is not a process's first one is no process.
    pcapng::Result<ProcStat> stat(uint32_t pid) const;
    pcapng::Result<ProcProcess> read(uint32_t pid) const;
    pcapng::Result<ProcTitle> title(uint32_t pid) const;
    pcapng::Result<ProcAddresses> addresses(uint32_t pid) const;

    // Returns the inode number of the mount namespace that the machine's programs have by default:
    // that of process 1, or of the kernel's process 2, or else the reader's own, if a service has
    // one of its own and may not look at those.
    uint32_t initial_mntns() const;

    const std::string& root() const { return path_; }

  private:
    struct Opened {
        pcapng::Fd process;
        ProcStat stat;
    };

    ProcFs(std::string path, pcapng::Fd fd) : path_(std::move(path)), root_(std::move(fd)) {}

    pcapng::Result<Opened> open_with_stat(uint32_t pid) const;

    std::string path_;
    pcapng::Fd root_;
};

// PROC_PID_INIT_INO of include/linux/proc_ns.h: the inode number of the initial PID namespace on
// every kernel.
inline constexpr uint32_t kInitialPidNamespace = 0xEFFFFFFC;

// Returns "MAJOR:MINOR", as /proc/PID/mountinfo has it.
std::string device_text(uint32_t major, uint32_t minor);

// Read a process that open_process() opened.
pcapng::Result<ProcStat> read_stat(const pcapng::Fd& process);
pcapng::Result<ProcStatus> read_status(const pcapng::Fd& process);
std::string read_cgroup(const pcapng::Fd& process);  // empty if there is none

// Parse the text of the files. Return an error for a text that no kernel writes.
pcapng::Result<ProcStat> parse_stat(std::string_view text);
pcapng::Result<ProcStatus> parse_status(std::string_view text);
std::string parse_cgroup(std::string_view text);  // the path of the "0::" line, or empty

}  // namespace capture
