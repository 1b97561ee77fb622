// SPDX-License-Identifier: GPL-2.0-only
//
// Tracefs: the kernel's tracepoints and their descriptions. It is read through a mount of its own,
// which stands in no namespace and goes with the last descriptor; where that isn't allowed, through
// the one at /sys/kernel/tracing. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

using pcapng::Result;

struct TracepointName {
    std::string system;  // "tcp"
    std::string name;    // "tcp_probe"

    std::string text() const { return system + ":" + name; }
    auto operator<=>(const TracepointName&) const = default;
};

class Tracefs {
  public:
    // Needs CAP_SYS_ADMIN, or a tracefs at /sys/kernel/tracing that this user may read.
    static Result<Tracefs> open();

    // Returns the tracepoints whose "SYSTEM:NAME" matches the glob, sorted. Those of ftrace itself,
    // to which no program can be attached, are left out.
    Result<std::vector<TracepointName>> matching(const std::string& glob) const;

    // Returns the text that describes the tracepoint's record (its file `format`). The name has to
    // be one that matching() returned.
    Result<std::string> format(const TracepointName& name) const;

    // Returns the tracepoint's number, for open_tracepoint().
    Result<uint32_t> id(const TracepointName& name) const;

  private:
    explicit Tracefs(pcapng::Fd events) : events_(std::move(events)) {}

    Result<std::string> read(const TracepointName& name, const char* file, size_t max) const;

    pcapng::Fd events_;  // the folder of this name
};

// Opens the tracepoint of this number as an event of perf's, to which a program can be attached:
// one on CPU 0 is enough, the program runs for all. Needs CAP_PERFMON. On failure the descriptor is
// invalid, and errno says why.
pcapng::Fd open_tracepoint(uint32_t id);

}  // namespace capture
