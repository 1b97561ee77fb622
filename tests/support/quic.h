// SPDX-License-Identifier: GPL-2.0-only
//
// Makes a client's Initial packets of QUIC (RFC 9001, RFC 9369) for tests. Written from the RFCs by
// itself, the other way round than forensics/analysis/quic_keys.h, and checked by tshark.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace test {

struct QuicPacket {
    uint32_t version = 1;
    std::string key_id = "keys here";  // the connection id that the keys come from
    std::string id = "keys here";      // the packet's destination connection id
    std::string token{};
    uint32_t number = 0;
    uint8_t number_size = 4;
    std::string frames{};
};

constexpr uint32_t kQuic2 = 0x6b3343cf;

std::string quic_varint(uint64_t value);
std::string quic_crypto(uint64_t offset, const std::string& bytes);  // a CRYPTO frame
std::string quic_initial(const QuicPacket& packet);

}  // namespace test
