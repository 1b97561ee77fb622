// SPDX-License-Identifier: GPL-2.0-only
//
// The rows of joined conversations: those of the table flows, with what is known of the join
// behind. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "forensics/analysis/flow.h"
#include "forensics/analysis/table.h"
#include "forensics/join/joining.h"
#include "forensics/packet_types.h"

namespace forensics {

// Returns the conversation as all its hosts have it. Times, counts and state are those of the first
// view, as are the processes at side 0 if it has any; those at side 1 are the last view's that has
// any.
Flow joined_flow(std::span<const JoinedHost> hosts, const JoinedConversation& conversation);

// "10.0.0.1:40000 10.0.0.2:443": the ends as the last view has them, where a NAT changes them; else
// empty.
std::string translated_ends(std::span<const JoinedHost> hosts,
                            const JoinedConversation& conversation);
// "sequence numbers", …, or why it isn't joined.
std::string_view proof_name(const JoinedConversation& conversation);

std::span<const Column> joined_columns();
// `number`: of the conversation.
void joined_row(std::span<const JoinedHost> hosts, const Joined& joined, size_t number, Row& row);

}  // namespace forensics
