// SPDX-License-Identifier: GPL-2.0-only
//
// ProcReader: a process of its own that reads /proc and the tree of cgroups for the capture. It
// alone keeps CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, without which executables and namespaces of
// other users' processes and paths of new cgroups stay unknown; it knows of no packet, and takes
// numbers only. Each call waits for its answer, some 20 µs. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/confinement/helper_process.h"
#include "capture/processes/procfs.h"
#include "pcapng/result.h"

namespace capture {

class ProcReader {
  public:
    // Forks the process, which runs as `user` if given.
    static pcapng::Result<ProcReader> start(const std::optional<UserIds>& user,
                                            const std::string& proc_root = "/proc");

    // As ProcFs and CgroupTree have them. An error without ESRCH: the process has ended, or isn't
    // allowed to read that.
    pcapng::Result<ProcStat> stat(uint32_t pid) const;
    pcapng::Result<ProcProcess> read(uint32_t pid) const;
    pcapng::Result<ProcTitle> title(uint32_t pid) const;
    pcapng::Result<ProcAddresses> addresses(uint32_t pid) const;
    std::string cgroup_path(uint64_t id) const;

  private:
    explicit ProcReader(HelperProcess helper) : helper_(std::move(helper)) {}

    HelperProcess helper_;
};

}  // namespace capture
