// SPDX-License-Identifier: GPL-2.0-only
//
// What a packet's comment says of the processes at its ends, both ways: made from a Process, and
// read back into one. comment.h has the grammar, process_fields.h the keys. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "packet/comment.h"
#include "packet/packet.h"

namespace packet {

// The keys of the other end have this prefix.
inline constexpr std::string_view kPeerPrefix = "peer.";

// The keys that are no field of a process.
inline constexpr std::string_view kHostKey = "host";
inline constexpr std::string_view kAtKey = "at";

// Each append_… adds pairs to a comment, which may be empty. What is not known is left out.

// comm, exe, uid, st: the same on every packet of a process, so that a caller can keep the text.
void append_identity(std::string& out, const Process& process, std::string_view prefix = {});

// pid, tid, the text that append_identity() made with the same prefix, via.
void append_process(std::string& out, uint32_t pid, uint32_t tid, std::string_view identity,
                    Via via, std::string_view prefix = {});
// The same in one step.
void append_process(std::string& out, const Process& process, uint32_t tid, Via via,
                    std::string_view prefix = {});

// Why there is no process; the only pair about this end.
void append_reason(std::string& out, Via via);

// At which end the process is, unless it is where the packet's direction says.
void append_at(std::string& out, At at, Direction direction);

// What only the first packet of a process in a file says of it.
void append_introduction(std::string& out, const Process& process, std::string_view prefix = {});

// The end's process as of the packet: with the packet's user in place of the process's latest.
Process process_as_of(const End& end);

// What a comment says of one end. `process` has no number.
struct CommentEnd {
    bool has_process = false;
    uint32_t tid = 0;
    Via via = Via::kUnrecorded;
    Process process = {};
};

struct CommentEnds {
    CommentEnd self = {};
    CommentEnd peer = {};
    std::optional<At> at = {};  // at which end self is; nullopt: as the direction says
};

// nullopt: the comment is not in pidcap's grammar.
std::optional<CommentEnds> read_process_comment(std::string_view comment);

// Whether a comment introduces the process of this end.
bool introduces(const Comment& comment, std::string_view prefix);

}  // namespace packet
