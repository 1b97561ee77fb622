// SPDX-License-Identifier: GPL-2.0-only
//
// Initial packets of QUIC (RFC 9000, 17.2.2; version 2: RFC 9369), as they are on the wire, and the
// frames inside once their protection is removed. Pure; trusts no length. Views into the datagram.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "packet/dissect/piece.h"

namespace packet {

// What differs between the versions that are read: 1, 2, and their drafts.
enum class QuicVersion : uint8_t { kNone, kDraft23, kDraft29, kV1, kV2Draft, kV2 };

struct QuicInitial {
    QuicVersion version = QuicVersion::kNone;
    std::span<const std::byte> connection_id;  // the destination's, at most 20 bytes
    std::span<const std::byte> bytes;          // the whole packet
    size_t number_offset = 0;                  // where the protected packet number begins in it
};

// Takes the next Initial packet off a datagram, of which several packets may be part. Returns one
// without a version if there is none, or if it isn't captured whole.
QuicInitial take_quic_initial(Piece& datagram);

// A part of the stream of handshake messages.
struct QuicCrypto {
    uint64_t offset = 0;
    std::span<const std::byte> bytes;
};

// Calls take(part) for each CRYPTO frame of an Initial packet's unprotected payload, up to what is
// no frame of such a packet. Stops when `take` returns false.
void read_quic_crypto(std::span<const std::byte> payload,
                      const std::function<bool(const QuicCrypto&)>& take);

}  // namespace packet
