// SPDX-License-Identifier: GPL-2.0-only
//
// ProcFs: reads processes from /proc. All that is said of one process is read through one open
// /proc/PID directory, which the kernel ties to that process: when it ends, and its pid is given to
// another, the rest of the reading fails with ESRCH rather than answer for the other.
//
// Text is as the process set it: any byte may stand in a comm, a path or a command line.
// Owns the descriptor of the root. Const calls are safe on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

// What identifies a process, out of /proc/PID/stat.
struct ProcStat {
    uint32_t ppid = 0;
    uint64_t start_ticks = 0;  // field 22, in the reader's time namespace
    char state = '?';          // 'Z' and 'X' are dead
    std::string comm;          // at most 15 bytes
};

// What stands in /proc/PID/status.
struct ProcStatus {
    uint32_t tgid = 0;
    uint32_t uid = 0;    // effective
    uint32_t gid = 0;    // effective
    uint32_t nspid = 0;  // in the innermost PID namespace
};

// Everything of one process. What may not be read (exe, netns of others, without CAP_SYS_PTRACE)
// or doesn't exist (a kernel thread's exe) is empty or 0.
struct ProcProcess {
    ProcStat stat;
    ProcStatus status;
    uint32_t netns = 0;   // inode number
    std::string exe;      // without the " (deleted)" that the kernel appends to an unlinked file
    std::string cmdline;  // at most kMaxCmdline bytes; each argument ended by a NUL
    std::string cgroup;   // path in cgroup v2
};

constexpr size_t kMaxCmdline = 4096;

class ProcFs {
  public:
    // `root` is /proc or a directory that looks like it.
    static pcapng::Result<ProcFs> open(const std::string& root = "/proc");

    // An Error where this /proc doesn't show the pids that the kernel's programs report: those of
    // the initial PID namespace.
    pcapng::Result<void> check_pid_namespace() const;

    // The pids at the moment, threads left out.
    pcapng::Result<std::vector<uint32_t>> pids() const;

    // The directory of a process, for the functions below and for what is not offered here.
    pcapng::Result<pcapng::Fd> open_process(uint32_t pid) const;

    // Error code ESRCH: there is no such process (any more). A pid that is merely a thread's is
    // none.
    pcapng::Result<ProcStat> stat(uint32_t pid) const;
    pcapng::Result<ProcProcess> read(uint32_t pid) const;

    const std::string& root() const { return path_; }

  private:
    ProcFs(std::string path, pcapng::Fd fd) : path_(std::move(path)), root_(std::move(fd)) {}

    std::string path_;
    pcapng::Fd root_;
};

// Of a process that open_process() opened.
pcapng::Result<ProcStat> read_stat(const pcapng::Fd& process);
pcapng::Result<ProcStatus> read_status(const pcapng::Fd& process);
std::string read_cgroup(const pcapng::Fd& process);  // empty where there is none

// The text of the files; an Error for a text that no kernel writes.
pcapng::Result<ProcStat> parse_stat(std::string_view text);
pcapng::Result<ProcStatus> parse_status(std::string_view text);
std::string parse_cgroup(std::string_view text);  // the path of the "0::" line, or empty

}  // namespace capture
