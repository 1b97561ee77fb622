// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/packet_line.h"

#include <string_view>

#include "cmd/color.h"
#include "cmd/decode.h"
#include "cmd/decode_parts.h"
#include "cmd/terminal_text.h"

namespace cmd {
namespace {

using capture::End;
using capture::Process;

constexpr uint64_t kNsPerSecond = 1'000'000'000;

// "curl[42]"; "(kernel)" where there is no process.
void append_end(fmt::memory_buffer& out, const End& end, bool color) {
    if (end.process == nullptr) {
        append(out, "({})", capture::via_name(end.via));
        return;
    }
    const Process& process = *end.process;
    if (color) {
        out.append(process_color(process.comm, process.key.pid));
    }
    if (process.comm.empty()) {
        append(out, "?");
    } else {
        append_word(out, process.comm);
    }
    append(out, "[{}]", process.key.pid);
    if (color) {
        out.append(kColorEnd);
    }
}

// What -v adds: " exe=/usr/bin/curl user=root tid=42 via=socket", only what is known.
void append_details(fmt::memory_buffer& out, const End& end, std::string_view prefix,
                    bool numeric) {
    const Process& process = *end.process;
    if (!process.exe.empty()) {
        append(out, " {}exe=", prefix);
        append_word(out, process.exe);
    }
    if (numeric || end.user.empty()) {
        append(out, " {}uid={}", prefix, end.uid);
    } else {
        append(out, " {}user=", prefix);
        append_word(out, end.user);
    }
    if (end.tid != 0) {
        append(out, " {}tid={}", prefix, end.tid);
    }
    append(out, " {}via={}", prefix, capture::via_name(end.via));
}

}  // namespace

void PacketLine::append_time(fmt::memory_buffer& out, uint64_t time_ns) {
    const auto second = static_cast<time_t>(time_ns / kNsPerSecond);
    if (second != second_) {
        tm local{};
        if (localtime_r(&second, &local) == nullptr ||
            std::strftime(clock_.data(), clock_.size(), "%H:%M:%S", &local) == 0) {
            clock_ = {};
        }
        second_ = second;
    }
    cmd::append(out, "{}.{:09} ", std::string_view(clock_.data()), time_ns % kNsPerSecond);
}

void PacketLine::append(fmt::memory_buffer& out, const capture::Packet& packet) {
    append_time(out, packet.time_ns);
    append_word(out, packet.interface->name);
    const bool outgoing = packet.direction == capture::Direction::kOut;
    cmd::append(out, " {} ", outgoing ? "Out" : "In");
    append_end(out, packet.self, style_.color);
    const bool has_peer = packet.peer && packet.peer->process != nullptr;
    if (has_peer) {
        cmd::append(out, " {} ", outgoing ? "->" : "<-");
        append_end(out, *packet.peer, style_.color);
    }
    cmd::append(out, " ");
    append_decoded(out, packet.interface->link_type, packet.data, packet.wire_len, style_.quiet);
    if (style_.verbose > 0) {
        if (packet.self.process != nullptr) {
            append_details(out, packet.self, "", style_.numeric);
        }
        if (has_peer) {
            append_details(out, *packet.peer, "peer.", style_.numeric);
        }
    }
    out.push_back('\n');
}

}  // namespace cmd
