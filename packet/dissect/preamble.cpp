// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/preamble.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "packet/dissect/piece.h"

namespace packet {
namespace {

using namespace std::string_view_literals;
using Verdict = ReadName::Verdict;

constexpr Preamble kOther{};
constexpr Preamble kMore{.verdict = Verdict::kMore};

// Returns a preamble of `length` bytes of which `message` is the start.
Preamble whole(Piece message, size_t length) {
    if (length > kMaxPreamble) {
        return kOther;
    }
    return message.has(length) ? Preamble{.verdict = Verdict::kFound, .length = length} : kMore;
}

std::string_view text_of(Piece message) {
    const void* start = message.captured().data();
    return {static_cast<const char*>(start), message.captured().size()};
}

// Whether `message` begins with `start`, or may once more of it is there.
Verdict begins(Piece message, std::string_view start) {
    const std::string_view text = text_of(message).substr(0, start.size());
    if (text != start.substr(0, text.size())) {
        return Verdict::kOther;
    }
    return text.size() == start.size() ? Verdict::kFound : Verdict::kMore;
}

// The PROXY protocol, 2.2: a signature, version and command, family, length.
Preamble proxy_2(Piece message) {
    const Verdict verdict = begins(message, "\r\n\r\n\0\r\nQUIT\n"sv);
    if (verdict != Verdict::kFound) {
        return {.verdict = verdict};
    }
    return message.has(16) ? whole(message, size_t{16} + message.u16(14)) : kMore;
}

// The PROXY protocol, 2.1: a line of 107 bytes at most.
Preamble proxy_1(Piece message) {
    const Verdict verdict = begins(message, "PROXY "sv);
    if (verdict != Verdict::kFound) {
        return {.verdict = verdict};
    }
    constexpr size_t kMaxLine = 107;
    const size_t end = text_of(message.first(kMaxLine)).find('\n');
    if (end == std::string_view::npos) {
        return message.has(kMaxLine) ? kOther : kMore;
    }
    return whole(message, end + 1);
}

// PostgreSQL, "Message Formats": SSLRequest and GSSENCRequest, which may follow each other.
Preamble postgresql(Piece message) {
    for (const std::string_view request :
         {"\0\0\0\x08\x04\xd2\x16\x2f"sv, "\0\0\0\x08\x04\xd2\x16\x30"sv}) {
        const Verdict verdict = begins(message, request);
        if (verdict != Verdict::kOther) {
            return whole(message, request.size());
        }
    }
    return kOther;
}

// MySQL, Protocol::SSLRequest: a packet (32 bytes, number 1) with CLIENT_SSL (0x800) among its
// little-endian capabilities, and nothing behind the character set.
Preamble mysql(Piece message) {
    const Verdict verdict = begins(message, "\x20\0\0\1"sv);
    if (verdict != Verdict::kFound) {
        return {.verdict = verdict};
    }
    if (message.has(6) && (message.u8(5) & 0x08) == 0) {
        return kOther;
    }
    return whole(message, 36);
}

// RFC 4511, 4.1.1: a SEQUENCE that begins with an INTEGER. Any message may come before StartTLS.
Preamble ldap(Piece message) {
    if (begins(message, "\x30"sv) != Verdict::kFound) {
        return kOther;
    }
    if (!message.has(2)) {
        return kMore;
    }
    size_t header = 2;
    size_t length = message.u8(1);
    if (length >= 0x80) {
        const size_t width = length & 0x7f;
        if (width == 0 || width > 4) {
            return kOther;
        }
        if (!message.has(2 + width)) {
            return kMore;
        }
        length = 0;
        for (size_t i = 0; i < width; ++i) {
            length = (length << 8) | message.u8(2 + i);
        }
        header += width;
    }
    if (message.has(header + 1) && message.u8(header) != 0x02) {
        return kOther;
    }
    return length == 0 ? kOther : whole(message, header + length);
}

// MS-RDPBCGR, 2.2.1.1: TPKT (RFC 1006) with a connection request of X.224.
Preamble rdp(Piece message) {
    const Verdict verdict = begins(message, "\3\0"sv);
    if (verdict != Verdict::kFound) {
        return {.verdict = verdict};
    }
    if (!message.has(6)) {
        return kMore;
    }
    const size_t length = message.u16(2);
    return message.u8(5) == 0xe0 && length >= 7 ? whole(message, length) : kOther;
}

// SOCKS 4 and 4a: CONNECT, port, address, a user's name; for an address 0.0.0.x also a host's.
Preamble socks_4(Piece message) {
    const Verdict verdict = begins(message, "\4\1"sv);
    if (verdict != Verdict::kFound) {
        return {.verdict = verdict};
    }
    if (!message.has(8)) {
        return kMore;
    }
    const std::string_view text = text_of(message.first(kMaxPreamble));
    const bool named = message.u32(4) != 0 && message.u32(4) < 0x100;
    size_t at = 8;
    for (int names = named ? 2 : 1; names > 0; --names) {
        const size_t end = text.find('\0', at);
        if (end == std::string_view::npos) {
            return text.size() < kMaxPreamble ? kMore : kOther;
        }
        at = end + 1;
    }
    return whole(message, at);
}

// Moves `at` behind a text before which its length stands in one byte. Returns false if the length
// isn't there.
bool skip_short_text(Piece message, size_t& at) {
    if (!message.has(at + 1)) {
        return false;
    }
    at += size_t{1} + message.u8(at);
    return true;
}

// RFC 1928 and RFC 1929: the methods, perhaps a name and a password, CONNECT and where to.
Preamble socks_5(Piece message) {
    const Verdict verdict = begins(message, "\5"sv);
    if (verdict != Verdict::kFound) {
        return {.verdict = verdict};
    }
    size_t at = 1;
    if (!skip_short_text(message, at)) {
        return kMore;
    }
    if (message.has(at + 1) && message.u8(at) == 1) {
        ++at;
        if (!skip_short_text(message, at) || !skip_short_text(message, at)) {
            return kMore;
        }
    }
    if (message.has(at + 2) && (message.u8(at) != 5 || message.u8(at + 1) != 1)) {
        return kOther;
    }
    if (!message.has(at + 5)) {
        return kMore;
    }
    constexpr uint8_t kIpv4 = 1;
    constexpr uint8_t kName = 3;
    constexpr uint8_t kIpv6 = 4;
    const uint8_t type = message.u8(at + 3);
    if (type != kIpv4 && type != kName && type != kIpv6) {
        return kOther;
    }
    const size_t address = type == kIpv4 ? 4 : type == kIpv6 ? 16 : size_t{1} + message.u8(at + 4);
    return whole(message, at + 4 + address + 2);
}

// Lines of text or XML, up to the first control character, with which a ClientHello begins.
Preamble text(Piece message) {
    const std::string_view start = text_of(message.first(kMaxPreamble));
    const auto* const end = std::ranges::find_if(start, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t' && c != '\r' && c != '\n') || byte == 0x7f;
    });
    const auto length = static_cast<size_t>(end - start.begin());
    if (length == start.size()) {
        return length < kMaxPreamble ? kMore : kOther;
    }
    constexpr char kHandshake = 22;
    return length > 0 && *end == kHandshake ? whole(message, length) : kOther;
}

}  // namespace

Preamble read_preamble(std::span<const std::byte> bytes) {
    constexpr std::array kPreambles{proxy_1, proxy_2, postgresql, mysql, ldap,
                                    rdp,     socks_4, socks_5,    text};
    const Piece message(bytes, bytes.size());
    Preamble result;
    for (const auto& read : kPreambles) {
        const Preamble one = read(message);
        if (one.verdict == Verdict::kFound) {
            return one;
        }
        if (one.verdict == Verdict::kMore) {
            result = one;
        }
    }
    return result;
}

}  // namespace packet
