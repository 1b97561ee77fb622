// SPDX-License-Identifier: GPL-2.0-only
//
// One readable line a packet:
//     12:34:56.123456789 lo Out curl[42] -> nginx[7] TCP 127.0.0.1.40000 > 127.0.0.1.80: [S], …
// The arrow between the processes points the way the packet goes. Every byte that a process or the
// network controls is made safe for the terminal. What isn't known is left out, but for the time.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <string_view>

#include "capture/packet.h"

namespace cmd {

struct LineStyle {
    bool color = false;
    bool quiet = false;    // -q: no sequence numbers, windows, ids
    bool numeric = false;  // -n: user ids in place of user names
    int verbose = 0;       // -v: exe, user, tid, via
};

// What a line is made of, whether it was captured now or stands in a file. Texts as the process or
// the network set them; empty: not known.
struct LineEnd {
    bool has_process = false;  // none: `via` says why
    uint32_t pid = 0;
    std::string_view comm = {};
    std::string_view exe = {};
    std::optional<uint32_t> uid = {};
    std::string_view user = {};
    uint32_t tid = 0;
    std::string_view via = {};
};

struct LinePacket {
    std::optional<uint64_t> time_ns = {};  // since the epoch
    std::string_view interface = {};
    uint16_t link_type = 1;           // LINKTYPE_
    std::string_view direction = {};  // "In", "Out"
    std::span<const std::byte> data = {};
    uint32_t wire_length = 0;
    LineEnd self = {};
    LineEnd peer = {};
    std::string_view arrow = {};  // between the two: "->" if self is the sender
};
LinePacket line_packet(const capture::Packet& packet);

// Remembers the second that it formatted last, as asking for local time is slow. One thread.
class PacketLine {
  public:
    explicit PacketLine(LineStyle style) : style_(style) {}

    // Appends the packet's line, and a line break.
    void append(fmt::memory_buffer& out, const LinePacket& packet);
    void append(fmt::memory_buffer& out, const capture::Packet& packet) {
        append(out, line_packet(packet));
    }

  private:
    void append_time(fmt::memory_buffer& out, std::optional<uint64_t> time_ns);

    LineStyle style_;
    time_t second_ = -1;
    std::array<char, 9> clock_{};  // HH:MM:SS of second_
};

}  // namespace cmd
