// SPDX-License-Identifier: GPL-2.0-only
//
// The status of a recorder as one line of JSON (docs/recorder.md lists its members), and the rates
// in it. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "capture/session.h"
#include "cmd/options.h"
#include "cmd/recorder/trigger.h"
#include "cmd/recorder/triggered_file.h"
#include "pcapng/fd.h"

namespace cmd {

// Packets and bytes per second, over the last ten seconds.
class RateMeter {
  public:
    // Whether it is time to add(). Times are those of CLOCK_MONOTONIC.
    bool due(uint64_t time_ns) const { return time_ns >= next_; }
    void add(uint64_t time_ns, uint64_t packets, uint64_t bytes);

    struct Rate {
        double packets = 0;
        double bytes = 0;
    };
    // Returns the rate up to a moment at which these were counted.
    Rate rate(uint64_t time_ns, uint64_t packets, uint64_t bytes) const;

  private:
    struct Sample {
        uint64_t time_ns;
        uint64_t packets;
        uint64_t bytes;
    };
    std::deque<Sample> samples_;
    uint64_t next_ = 0;
};

struct TriggerCounts {
    uint64_t signal = 0;
    uint64_t command = 0;
    uint64_t expression = 0;
    uint64_t extended = 0;  // of all, those that made a file longer
    uint64_t failed = 0;    // of all, those that TriggeredFile::trigger() refused
    std::optional<Trigger> last;
    std::string last_path;
};

// What doesn't change while it records.
struct RecorderSource {
    std::string name;
    std::string filter;
    std::vector<std::string> command;  // of this process
    uint64_t since_ns = 0;
    pcapng::Fd memory;  // /proc/self/statm

    // Of this process.
    static RecorderSource find(std::string name, std::string filter);
    uint64_t resident_bytes() const;
};

std::string status_line_json(const RecorderSource& source, const Options& options,
                             const capture::Session& session, const FileStatus& file,
                             const TriggerCounts& triggers, const RateMeter& rates,
                             uint64_t now_ns);

}  // namespace cmd
