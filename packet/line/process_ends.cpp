// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/process_ends.h"

#include "packet/line/color.h"
#include "packet/line/decode_parts.h"
#include "packet/line/terminal_text.h"

namespace packet {
namespace {

void append_process(fmt::memory_buffer& out, const End& end, bool color) {
    append_process_name(out, *end.process, color);
    out.push_back(' ');
}

void append_reason(fmt::memory_buffer& out, Via via) {
    if (via != Via::kUnrecorded) {
        append(out, "({}) ", via_name(via));
    }
}

// Only `self` has a reason that is worth a word: a peer without a process is elsewhere.
void append_end(fmt::memory_buffer& out, const Packet& packet, const End& end, bool color) {
    if (end.process != nullptr) {
        append_process(out, end, color);
    } else if (&end == &packet.self) {
        append_reason(out, end.via);
    }
}

}  // namespace

void append_process_name(fmt::memory_buffer& out, const Process& process, bool color) {
    append_process_name(out, ParentRecord{process.pid, process.comm, process.pidns}, color);
}

void append_process_name(fmt::memory_buffer& out, const ParentRecord& parent, bool color) {
    if (color) {
        out.append(process_color(parent.comm, parent.pid));
    }
    if (parent.comm.empty()) {
        out.push_back('?');
    } else {
        append_word(out, parent.comm);
    }
    append(out, "[{}{}]", parent.pidns != 0 ? "host:" : "", parent.pid);
    if (color) {
        out.append(kColorEnd);
    }
}

void append_process_ends(fmt::memory_buffer& out, const Packet& packet, bool color) {
    if (!packet.attributed()) {
        append_reason(out, packet.self.via);
        return;
    }
    const bool received = packet.self_at == At::kReceiver;
    append_end(out, packet, received ? packet.peer : packet.self, color);
    append(out, "{} ", packet.self_at == At::kUnknown ? "--" : "->");
    append_end(out, packet, received ? packet.self : packet.peer, color);
}

}  // namespace packet
