// SPDX-License-Identifier: GPL-2.0-only
//
// What the user sees of a running capture on stderr: the live line, and the summary at the end.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/packet_types.h"
#include "packet/packet_count.h"

namespace cmd {

// "12 B", "1.2 MiB".
std::string size_text(uint64_t bytes);

struct Progress {
    packet::PacketCount count;
    uint64_t bytes = 0;  // captured
    uint64_t dropped = 0;
    std::optional<uint64_t> file_bytes;  // none: there is no file
};

// Of all interfaces, without a file.
Progress progress_of(const std::vector<packet::InterfaceCounters>& counters);

// "1234 packets, 1.2 MiB, 0 dropped, file 1.3 MiB", with "5 events" behind the packets if there are
// any, cut to `columns`.
std::string progress_text(const Progress& progress, size_t columns);

// "1234 packets captured, 5 dropped (ring full: 3, copy failed: 2)", without a line break; causes
// that didn't occur are left out. With events: "1234 packets, 5 events captured, 0 dropped".
std::string summary_text(const std::vector<packet::InterfaceCounters>& counters);

// Whether to show the live line: on a terminal, unless the packets' lines go to a terminal too
// (most likely the same one, where the two would tear each other), and unless -q.
bool wants_status_line(bool stderr_is_terminal, bool stdout_is_terminal, bool prints_packets,
                       bool quiet);

// The live line. Draws at most four times a second; erases itself when it goes. One thread.
class StatusLine {
  public:
    using Clock = std::chrono::steady_clock;

    // `fd` belongs to the caller. A line that is not enabled never writes.
    StatusLine(int fd, bool enabled) : fd_(fd), enabled_(enabled) {}
    StatusLine(const StatusLine&) = delete;
    StatusLine& operator=(const StatusLine&) = delete;
    ~StatusLine() { erase(); }

    // Whether an update would draw: what it shows costs system calls to find out.
    bool due(Clock::time_point now) const { return enabled_ && now >= next_; }
    void update(const Progress& progress, Clock::time_point now);
    // Call before printing anything else to the terminal; the next update draws it again.
    void erase();

  private:
    int fd_;
    bool enabled_;
    bool shown_ = false;
    Clock::time_point next_{};
};

}  // namespace cmd
