// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/packet_line.h"

#include <string_view>

#include "packet/line/color.h"
#include "packet/line/decode.h"
#include "packet/line/decode_parts.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using packet::append;

constexpr uint64_t kNsPerSecond = 1'000'000'000;

// "curl[42]"; "(kernel)" where there is no process. Nothing where nothing is known.
void append_end(fmt::memory_buffer& out, const LineEnd& end, bool color) {
    if (!end.has_process) {
        if (!end.via.empty()) {
            append(out, "(");
            packet::append_word(out, end.via);
            append(out, ") ");
        }
        return;
    }
    if (color) {
        out.append(packet::process_color(end.comm, end.pid));
    }
    if (end.comm.empty()) {
        append(out, "?");
    } else {
        packet::append_word(out, end.comm);
    }
    append(out, "[{}]", end.pid);
    if (color) {
        out.append(packet::kColorEnd);
    }
    append(out, " ");
}

// What -v adds: " exe=/usr/bin/curl user=root tid=42 via=socket", only what is known.
void append_details(fmt::memory_buffer& out, const LineEnd& end, std::string_view prefix,
                    bool numeric) {
    if (!end.exe.empty()) {
        append(out, " {}exe=", prefix);
        packet::append_word(out, end.exe);
    }
    if (!numeric && !end.user.empty()) {
        append(out, " {}user=", prefix);
        packet::append_word(out, end.user);
    } else if (end.uid) {
        append(out, " {}uid={}", prefix, *end.uid);
    }
    if (end.tid != 0) {
        append(out, " {}tid={}", prefix, end.tid);
    }
    if (!end.via.empty()) {
        append(out, " {}via=", prefix);
        packet::append_word(out, end.via);
    }
}

LineEnd line_end(const capture::End& end) {
    LineEnd line{.via = capture::via_name(end.via)};
    if (end.process != nullptr) {
        line.has_process = true;
        line.pid = end.process->key.pid;
        line.comm = end.process->comm;
        line.exe = end.process->exe;
        line.uid = end.uid;
        line.user = end.user;
        line.tid = end.tid;
    }
    return line;
}

}  // namespace

LinePacket line_packet(const capture::Packet& packet) {
    const bool outgoing = packet.direction == capture::Direction::kOut;
    return {
        .time_ns = packet.time_ns,
        .interface = packet.interface->name,
        .link_type = packet.interface->link_type,
        .direction = outgoing ? "Out" : "In",
        .data = packet.data,
        .wire_length = packet.wire_len,
        .self = line_end(packet.self),
        .peer = packet.peer ? line_end(*packet.peer) : LineEnd{},
        .arrow = outgoing ? "->" : "<-",
    };
}

void PacketLine::append_time(fmt::memory_buffer& out, std::optional<uint64_t> time_ns) {
    if (!time_ns) {
        packet::append(out, "- ");
        return;
    }
    const auto second = static_cast<time_t>(*time_ns / kNsPerSecond);
    if (second != second_) {
        tm local{};
        if (localtime_r(&second, &local) == nullptr ||
            std::strftime(clock_.data(), clock_.size(), "%H:%M:%S", &local) == 0) {
            clock_ = {};
        }
        second_ = second;
    }
    packet::append(out, "{}.{:09} ", std::string_view(clock_.data()), *time_ns % kNsPerSecond);
}

void PacketLine::append(fmt::memory_buffer& out, const LinePacket& packet) {
    append_time(out, packet.time_ns);
    if (!packet.interface.empty()) {
        packet::append_word(out, packet.interface);
        packet::append(out, " ");
    }
    if (!packet.direction.empty()) {
        packet::append(out, "{} ", packet.direction);
    }
    append_end(out, packet.self, style_.color);
    if (packet.peer.has_process) {
        packet::append(out, "{} ", packet.arrow);
        append_end(out, packet.peer, style_.color);
    }
    packet::append_decoded(out, packet.link_type, packet.data, packet.wire_length, style_.quiet);
    if (style_.verbose > 0) {
        if (packet.self.has_process) {
            append_details(out, packet.self, "", style_.numeric);
        }
        if (packet.peer.has_process) {
            append_details(out, packet.peer, "peer.", style_.numeric);
        }
    }
    out.push_back('\n');
}

}  // namespace cmd
