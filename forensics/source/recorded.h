// SPDX-License-Identifier: GPL-2.0-only
//
// Reads what a file records about processes outside pidcap's comments: ptcpdump's and RustNet's
// comments, process information blocks, journal entries. Pure functions.
#pragma once

#include <optional>

#include "forensics/packet_types.h"
#include "packet/process_comment.h"
#include "pcapng/read_blocks.h"

namespace forensics {

// Returns whether a packet has a comment in pidcap's grammar. null: a pcap record, which has none.
bool has_pidcap_comment(const pcapng::PacketRead* block);
// Returns the direction that a packet's flags record, which is the one that the comment's key `at`
// goes by; a link-layer header may tell it where they don't. null: a pcap record, without flags.
Direction flags_direction(const pcapng::PacketRead* block);
// Reads all comments of a packet. Returns nullopt if none is ptcpdump's.
std::optional<packet::CommentEnds> read_ptcpdump_comments(const pcapng::Options& options);

// The same for RustNet's.
std::optional<packet::CommentEnds> read_rustnet_comment(const pcapng::Options& options);

Process recorded_process(const pcapng::ProcessInformationRead& block);

// Reads pidcap's journal entry on an exec or an exit; an exit has end_ns. Returns nullopt if
// another program wrote the entry or the start of the process is not known.
std::optional<Process> recorded_process(const pcapng::JournalRead& block);

}  // namespace forensics
