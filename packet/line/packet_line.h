// SPDX-License-Identifier: GPL-2.0-only
//
// One readable line a packet:
//     12:34:56.123456789 lo Out curl[42] -> nginx[7] TCP 127.0.0.1.40000 > 127.0.0.1.80: [S], …
// process_ends.h says how the processes stand. Every byte that a process or the network controls is
// made safe for the terminal. What is not known is left out, except the time.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <optional>

#include "packet/packet.h"

namespace packet {

// What stands first in a line, as tcpdump's -t, -tt, … have it.
enum class TimeForm : uint8_t {
    kClock,          // local time; with the date from the first day on that isn't the first line's
    kNone,           // -t
    kEpoch,          // -tt: seconds since 1970
    kSincePrevious,  // -ttt: since the line before
    kDate,           // -tttt: local date and time
    kSinceFirst,     // -ttttt: since the first line
};

struct LineStyle {
    bool color = false;
    bool quiet = false;    // -q: no sequence numbers, windows, ids
    bool numeric = false;  // -n: user ids in place of user names
    int verbose = 0;       // -v: at, exe, user, tid, via; with peer. at the other end
    TimeForm time = TimeForm::kClock;
};

// Remembers the second that it formatted last, as asking for local time is slow, and the times that
// TimeForm needs: one for all lines that stand together. One thread.
class PacketLine {
  public:
    explicit PacketLine(LineStyle style) : style_(style) {}

    // Appends the packet's line, and a line break.
    void append(fmt::memory_buffer& out, const Packet& packet);

  private:
    void append_time(fmt::memory_buffer& out, std::optional<uint64_t> time_ns);
    void append_local(fmt::memory_buffer& out, uint64_t time_ns);

    LineStyle style_;
    time_t second_ = -1;
    std::array<char, 9> clock_{};  // HH:MM:SS of second_
    std::array<char, 11> date_{};  // YYYY-MM-DD of second_
    std::array<char, 11> first_date_{};
    std::optional<uint64_t> first_ns_;
    std::optional<uint64_t> previous_ns_;
};

}  // namespace packet
