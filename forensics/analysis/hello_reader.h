// SPDX-License-Identifier: GPL-2.0-only
//
// HelloReader: the random of each ClientHello among a file's packets, by which key logs name
// connections: of TLS, also when its first bytes are spread over segments that come in order, or
// stand behind a PROXY line; of DTLS; and of QUIC, whose first packets are opened for it. Is to see
// every packet. Memory is bounded. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "forensics/analysis/flow_key.h"
#include "forensics/analysis/quic_reader.h"
#include "forensics/packet_types.h"
#include "packet/dissect/dissect.h"
#include "packet/key_log.h"
#include "packet/keyed_hash.h"

namespace forensics {

class HelloReader {
  public:
    // Returns the random of the ClientHello that the packet has, or makes complete as far as that.
    std::optional<packet::ClientRandom> packet(const Packet& packet);

  private:
    // How many conversations are remembered at once.
    static constexpr size_t kMaxStarts = 4096;
    static constexpr size_t kMaxConversations = 65536;

    // The first bytes of a ClientHello, and which segment continues them.
    struct Start {
        std::vector<std::byte> bytes;
        uint32_t next = 0;
    };
    struct Side {
        FlowKey key;
        uint64_t from_lower = 0;
        bool operator==(const Side&) const = default;
    };

    std::optional<packet::ClientRandom> segment(const KeyOfPacket& key,
                                                const packet::Dissected& dissected);
    std::optional<packet::ClientRandom> datagram(const KeyOfPacket& key, packet::Piece payload);

    std::unordered_map<Side, Start, packet::KeyedHash> starts_;
    std::unordered_map<FlowKey, uint64_t, packet::KeyedHash> conversations_;  // numbers for quic_
    uint64_t next_conversation_ = 0;
    QuicReader quic_;
};

}  // namespace forensics
