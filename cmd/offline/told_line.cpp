// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/told_line.h"

#include <span>

namespace cmd {
namespace {

LineEnd line_end(const forensics::End& end) {
    LineEnd line{.via = end.via};
    if (end.process != nullptr) {
        const forensics::Process& process = *end.process;
        line.has_process = true;
        line.pid = process.pid;
        line.comm = process.comm;
        line.exe = process.exe;
        line.uid = end.uid ? end.uid : process.uid;
        // The name is that of the process's latest user.
        line.user = line.uid == process.uid ? std::string_view(process.user) : std::string_view();
        line.tid = end.tid;
    }
    return line;
}

std::string_view direction_word(pcapng::Direction direction) {
    switch (direction) {
        case pcapng::Direction::kInbound:
            return "In";
        case pcapng::Direction::kOutbound:
            return "Out";
        case pcapng::Direction::kUnknown:
            break;
    }
    return {};
}

std::string_view arrow_of(forensics::At at) {
    switch (at) {
        case forensics::At::kSender:
            return "->";
        case forensics::At::kReceiver:
            return "<-";
        case forensics::At::kUnknown:
            break;
    }
    return "--";
}

}  // namespace

LinePacket told_line_packet(const forensics::Packet& packet) {
    return {
        .time_ns = packet.time_ns,
        .interface = packet.interface->name,
        .link_type = packet.interface->link_type,
        .direction = direction_word(packet.direction),
        .data = std::as_bytes(packet.data),
        .wire_length = packet.wire_length,
        .self = line_end(packet.self),
        .peer = line_end(packet.peer),
        .arrow = arrow_of(packet.self_at),
    };
}

}  // namespace cmd
