// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/quic_reader.h"

namespace forensics {

// Opens a packet into payload_. A client keeps the keys of its first packet when the server chooses
// another connection id; after a Retry the packet's own id makes new ones, for a ClientHello from
// its beginning (RFC 9001, 5.2).
bool QuicReader::open(Opening& opening, const packet::QuicInitial& initial) {
    if (opening.keys && opening.version == initial.version &&
        opening.keys->open(initial, payload_)) {
        return true;
    }
    const QuicKeys keys(initial.version, initial.connection_id);
    if (!keys.open(initial, payload_)) {
        return false;
    }
    bytes_.end(opening.bytes);
    opening.bytes = bytes_.begin();
    opening.keys = keys;
    opening.version = initial.version;
    return true;
}

// Adds payload_'s handshake messages. Returns false if no more can be added.
bool QuicReader::add(Opening& opening) {
    if (!bytes_.alive(opening.bytes)) {
        return false;
    }
    bool added = true;
    packet::read_quic_crypto(payload_, [&](const packet::QuicCrypto& part) {
        added = part.offset < FirstBytes::kMaxBytes &&
                bytes_.add(opening.bytes, static_cast<size_t>(part.offset), part.bytes);
        return added;
    });
    return added;
}

std::span<const std::byte> QuicReader::datagram(uint64_t flow, int side, packet::Piece payload) {
    packet::QuicInitial initial = packet::take_quic_initial(payload);
    if (initial.version == packet::QuicVersion::kNone) {
        return {};
    }
    if (!openings_.contains(flow) && openings_.size() == kMaxOpenings) {
        end(openings_.begin()->first);
        openings_.erase(openings_.begin());
    }
    Opening& opening = openings_[flow];
    if (opening.client && opening.client != side) {
        return {};
    }
    bool opened = false;
    while (initial.version != packet::QuicVersion::kNone && !opening.done) {
        if (open(opening, initial)) {
            opened = true;
            opening.client = side;
            opening.done = !add(opening) || ++opening.packets == kMaxPackets;
        } else {
            opening.done = ++opening.failures == kMaxFailures;
        }
        initial = packet::take_quic_initial(payload);
    }
    return opened && bytes_.alive(opening.bytes) ? bytes_.bytes(opening.bytes)
                                                 : std::span<const std::byte>();
}

void QuicReader::end(uint64_t flow) {
    const auto found = openings_.find(flow);
    if (found != openings_.end()) {
        bytes_.end(found->second.bytes);
        found->second.keys.reset();
        found->second.done = true;
    }
}

void QuicReader::forget(uint64_t flow) {
    end(flow);
    openings_.erase(flow);
}

}  // namespace forensics
