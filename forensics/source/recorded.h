// SPDX-License-Identifier: GPL-2.0-only
//
// What a file records of processes other than in pidcap's comments: ptcpdump's comments, process
// information blocks, journal entries. Pure functions.
#pragma once

#include <optional>

#include "forensics/packet_types.h"
#include "packet/process_comment.h"
#include "pcapng/read_blocks.h"

namespace forensics {

// Whether a packet has a comment in pidcap's grammar, whatever it says. null: a record of pcap.
bool has_pidcap_comment(const pcapng::PacketRead* block);
// Reads all comments of a packet. nullopt: none is ptcpdump's.
std::optional<packet::CommentEnds> read_ptcpdump_comments(const pcapng::Options& options);

Process recorded_process(const pcapng::ProcessInformationRead& block);

// Reads pidcap's journal entry on an exec or an exit; an exit has end_ns. nullopt: the entry is
// another program's, or the process's start is not known.
std::optional<Process> recorded_process(const pcapng::JournalRead& block);

}  // namespace forensics
