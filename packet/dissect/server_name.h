// SPDX-License-Identifier: GPL-2.0-only
//
// The name of the server in the first bytes that a client sends: the server name of a TLS
// ClientHello (RFC 6066, 3; RFC 8446, 4.1.2), the Host of an HTTP/1 request (RFC 9110, 7.2).
// Pure; trusts no length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "packet/dissect/address.h"

namespace packet {

struct ReadName {
    enum class Verdict : uint8_t {
        kOther,  // another protocol, or broken
        kMore,   // perhaps; more bytes are needed to say
        kFound,  // it is that protocol; the name may be empty
    };
    Verdict verdict = Verdict::kOther;
    std::string_view name = {};  // kMaxName bytes at most; a view into what was read
};

// `scratch`: the name may be a view into it.
ReadName read_tls_server_name(std::span<const std::byte> bytes, std::vector<std::byte>& scratch);
// `message`: a handshake message without records, as QUIC has it.
ReadName read_client_hello(std::span<const std::byte> message);
ReadName read_http_host(std::span<const std::byte> bytes);
// Whether a request asks a proxy for a connection (RFC 9110, 9.3.6).
bool is_connect(std::span<const std::byte> bytes);

}  // namespace packet
