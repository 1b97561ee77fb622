// SPDX-License-Identifier: GPL-2.0-only
//
// QuicKeys: removes the protection of a client's Initial packets (RFC 9001, 5; RFC 9369, 3.3). Its
// keys follow from what every observer sees, so this is no secret. libnettle does the arithmetic.
#pragma once

#include <nettle/aes.h>
#include <nettle/gcm.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "packet/dissect/quic.h"

namespace forensics {

class QuicKeys {
  public:
    // `connection_id`: the destination's in the client's first packet, or the first after a Retry.
    QuicKeys(packet::QuicVersion version, std::span<const std::byte> connection_id);

    // Returns whether these are the packet's keys and it is unchanged; then `payload` holds its
    // frames.
    bool open(const packet::QuicInitial& initial, std::vector<std::byte>& payload) const;

  private:
    gcm_aes128_ctx packet_{};
    aes128_ctx header_{};
    std::array<uint8_t, GCM_IV_SIZE> iv_{};
};

}  // namespace forensics
