// SPDX-License-Identifier: GPL-2.0-only
//
// QuicReader: puts the ClientHello of QUIC conversations together from the client's Initial
// packets, in any order and over several datagrams. Follows a Retry and a change of the version,
// which bring new keys. Memory and the work for each conversation are bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "forensics/analysis/first_bytes.h"
#include "forensics/analysis/quic_keys.h"
#include "packet/dissect/quic.h"

namespace forensics {

class QuicReader {
  public:
    // Reads a datagram that `side` of conversation `flow` sent. Returns its handshake messages as
    // far as they are whole from the first byte on, or nothing if the datagram adds none. Valid
    // until the next call.
    std::span<const std::byte> datagram(uint64_t flow, int side, packet::Piece payload);
    // The conversation needs no more reading.
    void end(uint64_t flow);
    // The number is another conversation's from now on.
    void forget(uint64_t flow);

  private:
    // How many conversations are read at once: those that began last.
    static constexpr size_t kMaxOpenings = 1024;
    // How many packets of a conversation are opened: what a ClientHello takes, and some that come
    // twice. Those that can't be opened cost more, and are mostly a server's before the client's.
    static constexpr unsigned kMaxPackets = 64;
    static constexpr unsigned kMaxFailures = 8;

    struct Opening {
        std::optional<QuicKeys> keys;
        packet::QuicVersion version = packet::QuicVersion::kNone;
        FirstBytes::Handle bytes;
        std::optional<int> client;  // the side whose packets could be opened
        unsigned packets = 0;
        unsigned failures = 0;
        bool done = false;
    };

    bool open(Opening& opening, const packet::QuicInitial& initial);
    bool add(Opening& opening);

    std::map<uint64_t, Opening> openings_;  // by the conversation's number
    FirstBytes bytes_;
    std::vector<std::byte> payload_;  // of one packet
};

}  // namespace forensics
