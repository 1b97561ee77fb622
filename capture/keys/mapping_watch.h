// SPDX-License-Identifier: GPL-2.0-only
//
// MappingWatch: says which files processes map as code: those that have them mapped already, and
// each further one as it happens, in any process of the machine. By perf events that count nothing
// (perf_event_open(2), PERF_RECORD_MMAP2), one for each CPU. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "capture/keys/mapped_file.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture::tls {

class MappingWatch {
  public:
    // Begins to watch. Needs CAP_PERFMON (before Linux 5.8 CAP_SYS_ADMIN).
    static pcapng::Result<MappingWatch> open();

    // Tries whether that is possible. Returns 0 or the errno.
    static int try_open();

    MappingWatch(MappingWatch&& other) noexcept = default;

    // Become readable when a file was mapped.
    std::vector<int> fds() const;

    // Calls `found` for each mapping since the last call. Returns false if there were more than
    // there was room for: then look at all processes again.
    bool read(const std::function<void(const MappedFile&)>& found);

  private:
    struct Unmap {
        size_t size = 0;
        void operator()(void* address) const;
    };
    struct Cpu {
        pcapng::Fd fd;
        std::unique_ptr<void, Unmap> pages;
    };

    MappingWatch() = default;

    std::vector<Cpu> cpus_;
};

// Calls `found` for each file that is mapped as code by a process that can be read below
// `proc_root`, once for each process.
void for_each_mapped(const std::function<void(const MappedFile&)>& found,
                     const std::string& proc_root = "/proc");

}  // namespace capture::tls
