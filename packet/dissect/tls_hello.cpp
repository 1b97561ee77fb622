// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/tls_hello.h"

#include <netinet/in.h>

#include <cstring>

#include "packet/dissect/piece.h"

namespace packet {
namespace {

constexpr uint8_t kChangeCipherSpec = 20;
constexpr uint8_t kHandshake = 22;
constexpr uint8_t kClientHello = 1;
constexpr uint8_t kServerHello = 2;
constexpr size_t kVersion = 2;
constexpr uint8_t kTls = 3;      // a version's first byte
constexpr uint8_t kDtls = 0xfe;  // likewise

// The random of a HelloRetryRequest (RFC 8446, 4.1.3).
constexpr ClientRandom kRetryRandom{
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

// `message`: what a record has of a handshake message, behind whose header of `header` bytes a
// version begins with `major`. Encrypted messages look like anything, hence every check.
TlsHello read_hello(Piece message, size_t header, uint8_t major) {
    const uint8_t type = message.u8(0);
    const size_t length = (size_t{message.u8(1)} << 16) | message.u16(2);
    const size_t random_at = header + kVersion;
    TlsHello hello;
    if ((type != kClientHello && type != kServerHello) || length < kVersion + hello.random.size() ||
        (message.has(header + 1) && message.u8(header) != major)) {
        return {};
    }
    if (!message.has(random_at + hello.random.size())) {
        return {.type = type == kServerHello ? TlsHello::Type::kServer : TlsHello::Type::kNone};
    }
    std::memcpy(hello.random.data(), message.bytes(random_at, hello.random.size()).data(),
                hello.random.size());
    hello.type = type == kClientHello           ? TlsHello::Type::kClient
                 : hello.random == kRetryRandom ? TlsHello::Type::kRetry
                                                : TlsHello::Type::kServer;
    return hello;
}

}  // namespace

TlsHello read_tls_hello(std::span<const std::byte> payload) {
    // RFC 8446, 5.1: type, version 3.x, length; and 4: type, length.
    constexpr size_t kRecord = 5;
    constexpr size_t kHeader = 4;
    constexpr size_t kChange = kRecord + 1;
    Piece record(payload, payload.size());
    // RFC 8446, D.4: a second ClientHello may follow this record in the same segment.
    if (record.has(kChange) && record.u8(0) == kChangeCipherSpec && record.u8(1) == kTls &&
        record.u16(3) == 1) {
        record = record.after(kChange);
    }
    if (!record.has(kRecord + kHeader) || record.u8(0) != kHandshake || record.u8(1) != kTls ||
        record.u16(3) < kHeader) {
        return {};
    }
    return read_hello(record.after(kRecord).first(record.u16(3)), kHeader, kTls);
}

TlsHello read_dtls_hello(std::span<const std::byte> payload) {
    // RFC 6347, 4.1: type, version 254.x, epoch, sequence number, length; and 4.2.2: type, length,
    // message number, offset and length of this fragment.
    constexpr size_t kRecord = 13;
    constexpr size_t kHeader = 12;
    const Piece record(payload, payload.size());
    if (!record.has(kRecord + kHeader) || record.u8(0) != kHandshake || record.u8(1) != kDtls ||
        record.u16(3) != 0 || record.u16(11) < kHeader) {
        return {};
    }
    const Piece message = record.after(kRecord).first(record.u16(11));
    const bool is_first = message.u8(6) == 0 && message.u16(7) == 0;
    return is_first ? read_hello(message, kHeader, kDtls) : TlsHello{};
}

TlsHello hello_of(const Dissected& packet) {
    if (packet.tcp) {
        return read_tls_hello(packet.payload.captured());
    }
    return packet.network.protocol == IPPROTO_UDP ? read_dtls_hello(packet.payload.captured())
                                                  : TlsHello{};
}

}  // namespace packet
