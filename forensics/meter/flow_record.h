// SPDX-License-Identifier: GPL-2.0-only
//
// FlowRecord: what a FlowMeter says of a conversation at one time. A conversation has one or more:
// each tells what came since the one before, so that sums over records are sums over packets.
// Passive data; views and pointers are those of the meter, valid while it hands the record out.
#pragma once

#include <cstdint>
#include <optional>

#include "forensics/analysis/flow.h"

namespace forensics {

// Why a record was made. The numbers are those of IPFIX's flowEndReason (RFC 5102, 5.11.3).
enum class RecordReason : uint8_t {
    kIdle = 1,    // no packet came for some time: it is over
    kActive = 2,  // it lasts, and so many packets came since the record before
    kEnd = 3,     // TCP: both sides have closed it, or one has reset it
    kStop = 4,    // the source of packets is at its end
    kLimit = 5,   // there are too many conversations: the one without a packet for longest
};
const char* reason_name(RecordReason reason);  // "idle", "active", "end", "stop", "limit"
// Returns whether it is the conversation's last record.
inline bool is_last(RecordReason reason) {
    return reason != RecordReason::kActive;
}

struct FlowRecord {
    uint64_t sequence = 0;  // of all records, from 0: a gap is a loss
    uint64_t part = 0;      // how many of the conversation came before
    RecordReason reason = RecordReason::kIdle;
    std::optional<uint64_t> begin_ns;  // the conversation's first packet
    // `number` is the conversation's own, from 0. Packets, bytes, retransmissions, first_ns and
    // last_ns are those since the record before; processes, state and names those up to now.
    Flow flow;
};

// Records that could not be handed on, together.
struct LostRecords {
    uint64_t records = 0;
    uint64_t packets = 0;
    uint64_t bytes = 0;  // on the wire

    void add(const FlowRecord& record) {
        ++records;
        for (const Side& side : record.flow.sides) {
            packets += side.packets;
            bytes += side.bytes;
        }
    }
    void add(const LostRecords& others) {
        records += others.records;
        packets += others.packets;
        bytes += others.bytes;
    }
};

}  // namespace forensics
