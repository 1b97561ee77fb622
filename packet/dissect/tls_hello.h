// SPDX-License-Identifier: GPL-2.0-only
//
// The hello message with which a TLS or DTLS payload begins, behind a ChangeCipherSpec or not:
// whose connection a key log's lines are about, and from when on a reader needs them. Looks at no
// more than the first 59 bytes, so it can be asked about every packet, and about packets that are
// cut behind them. Pure; trusts no length.
//
// Not found: a hello of which a segment has less than the random (a client that splits it on
// purpose), or that doesn't begin the segment (behind a PROXY line), and QUIC's, which is
// encrypted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "packet/dissect/dissect.h"
#include "packet/key_log.h"

namespace packet {

struct TlsHello {
    enum class Type : uint8_t {
        kNone,
        kClient,
        kServer,
        kRetry,  // a server's that only asks for another ClientHello (RFC 8446, 4.1.4)
    };
    Type type = Type::kNone;
    ClientRandom random{};  // kClient: the connection's in a key log
};

// `payload`: what is behind the header of TCP, and of UDP, respectively. Of a ClientHello the
// random must be there, else it is kNone; a ServerHello that is cut before it counts as kServer.
TlsHello read_tls_hello(std::span<const std::byte> payload);
TlsHello read_dtls_hello(std::span<const std::byte> payload);
// The same of a packet of either.
TlsHello hello_of(const Dissected& packet);

}  // namespace packet
