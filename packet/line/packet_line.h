// SPDX-License-Identifier: GPL-2.0-only
//
// One readable line a packet:
//     12:34:56.123456789 lo Out curl[42] -> nginx[7] TCP 127.0.0.1.40000 > 127.0.0.1.80: Flags [S],
//     …
// and for an event
//     12:34:56.123456789 socket:connect curl[42] errno=ECONNREFUSED to=192.0.2.1:80
// process_ends.h says how the processes stand. Every byte that a process or the network controls is
// made safe for the terminal. What is not known is left out, except the time.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <optional>

#include "packet/line/decode.h"
#include "packet/line/hex_dump.h"
#include "packet/line/tcp_sequences.h"
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
    int verbose = 0;       // -v: the IP header; at, exe, user, tid, via of the processes
    TimeForm time = TimeForm::kClock;
    bool microseconds = false;       // --micro: six digits in place of nine
    bool number = false;             // -#: the packet's number first
    bool link_header = false;        // -e
    bool absolute_sequence = false;  // -S: TCP's numbers as they are in the packet
    bool checksums = true;           // with -v; -K: false
    DumpForm dump = DumpForm::kNone;
    bool dumps_link_header = false;  // -xx, -XX, -AA
};

// Remembers the second that it formatted last, as asking for local time is slow, the times that
// TimeForm needs, and the conversations of TCP: one for all lines that stand together. One thread.
class PacketLine {
  public:
    explicit PacketLine(LineStyle style) : style_(style) {}

    // Appends the packet's line, a dump if there shall be one, and a line break.
    void append(fmt::memory_buffer& out, const Packet& packet);

  private:
    void append_time(fmt::memory_buffer& out, std::optional<uint64_t> time_ns);
    void append_local(fmt::memory_buffer& out, uint64_t time_ns);
    // ".123456789 ", or six digits.
    void append_fraction(fmt::memory_buffer& out, uint64_t ns) const;
    // Hours, minutes and seconds from one time to another, which may be earlier.
    void append_distance(fmt::memory_buffer& out, uint64_t from_ns, uint64_t to_ns) const;

    LineStyle style_;
    uint64_t number_ = 0;
    TcpSequences sequences_;
    time_t second_ = -1;
    std::array<char, 9> clock_{};  // HH:MM:SS of second_
    std::array<char, 11> date_{};  // YYYY-MM-DD of second_
    std::array<char, 11> first_date_{};
    std::optional<uint64_t> first_ns_;
    std::optional<uint64_t> previous_ns_;
};

}  // namespace packet
