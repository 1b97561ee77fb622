// SPDX-License-Identifier: GPL-2.0-only
//
// What a packet's comments tell of its ends, in pidcap's grammar or in ptcpdump's words; and what a
// process's blocks tell. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "forensics/packet.h"
#include "forensics/process.h"
#include "pcapng/read_blocks.h"

namespace forensics {

// One end. `facts` has what is told of the process; its number has no meaning.
struct Told {
    bool process = false;  // false: no process is named
    uint32_t tid = 0;
    std::string via = {};
    Process facts = {};
};

struct ToldEnds {
    Told self = {};
    Told peer = {};
    std::optional<At> at = {};  // where self is, if it is told
    bool pidcap = false;        // in pidcap's grammar
};

// nullopt: not of pidcap's grammar.
std::optional<ToldEnds> read_pidcap_comment(std::string_view comment);
// Says in a comment where its process is, unless the packet's direction says so.
void append_at(std::string& comment, At at, pcapng::Direction direction);
// Whether a packet has a comment of pidcap's grammar, whatever it tells; null: a record of pcap.
bool has_pidcap_comment(const pcapng::PacketRead* block);
// All comments of a packet; nullopt: none is ptcpdump's.
std::optional<ToldEnds> read_ptcpdump_comments(const pcapng::Options& options);

Process facts_of(const pcapng::ProcessInformationRead& block);

// pidcap's journal entry on an exec or exit; the latter tells end_ns. nullopt: another program's,
// or of a process without a known start.
std::optional<Process> facts_of(const pcapng::JournalRead& block);

}  // namespace forensics
