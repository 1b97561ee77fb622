// SPDX-License-Identifier: GPL-2.0-only
//
// Writes the processes at the ends of a packet into its comment, and reads them back. comment.h has
// the grammar, process_fields.h the keys. Pure functions.
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

// Keys that are not a field of one process.
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

// The reason why there is no process. This is then the only pair for this end.
void append_reason(std::string& out, Via via);

// At which end the process is, if at_by_direction() is wrong for this packet.
void append_at(std::string& out, At at, Direction direction);

// The fields that only the first packet of a process in a file records.
void append_introduction(std::string& out, const Process& process, std::string_view prefix = {});

// Returns the end's process with the user that it had at the packet, not its latest.
Process process_as_of(const End& end);

// One end of a packet as its comment records it. `process` has no number.
struct CommentEnd {
    bool has_process = false;
    uint32_t tid = 0;
    Via via = Via::kUnrecorded;
    Process process = {};
};

struct CommentEnds {
    CommentEnd self = {};
    CommentEnd peer = {};
    std::optional<At> at = {};  // where self is; nullopt: at_by_direction()
};

// Returns nullopt if the comment is not in pidcap's grammar.
std::optional<CommentEnds> read_process_comment(std::string_view comment);

// Returns whether the comment introduces the process at the end with this prefix.
bool introduces(const Comment& comment, std::string_view prefix);

}  // namespace packet
