// SPDX-License-Identifier: GPL-2.0-only
//
// Joining: finds the conversations that several hosts' files have in common. Equal ends prove
// nothing, as two networks may use the same addresses. What does:
// - TCP: both initial sequence numbers are equal. If the ends differ, a NAT is in between; then the
//   numbers are those of no other connection, and the times are possible.
// - Where a file lacks the handshake, and other protocols: two equal packets at least (see
//   Evidence), which are as far apart in one file as in the other, to a second.
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "forensics/analysis/flows.h"
#include "forensics/join/clock_offset.h"
#include "forensics/join/evidence.h"

namespace forensics {

// What is known of one host. All of it outlives what join() returns.
struct JoinedHost {
    std::string name;
    Flows flows;
    const EvidenceTable& evidence;
};

enum class Proof : uint8_t { kNone, kSequenceNumbers, kSequenceNumbersBehindNat, kPackets };

// A conversation as one host has it.
struct View {
    size_t host = 0;
    size_t flow = 0;      // its number
    bool turned = false;  // its side 0 is side 1 of the first view
};

struct JoinedConversation {
    Proof proof = Proof::kNone;  // kNone: there is one view
    // Without a proof: another host has a conversation of the same ends.
    bool same_ends = false;
    // From side 0 to side 1 of the first view, as far as processes and round trips tell.
    std::vector<View> views;
};

struct Joined {
    // In the order of the hosts, and of each in that of its conversations.
    std::vector<JoinedConversation> conversations;
    // How far the second host's clock is ahead of the first one's; the first has the lower number.
    std::map<std::pair<size_t, size_t>, ClockOffset> offsets;

    // The same of any two hosts.
    ClockOffset offset(size_t from, size_t to) const;
};

Joined join(std::span<const JoinedHost> hosts);

}  // namespace forensics
