// SPDX-License-Identifier: GPL-2.0-only
//
// The addresses in a DNS answer (RFC 1035; mDNS: RFC 6762; LLMNR: RFC 4795), each with the name
// that was asked for: an alias (CNAME) leads back to it; and the questions of a message. Pure;
// trusts no length, count or pointer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "packet/dissect/address.h"
#include "packet/dissect/piece.h"

namespace packet {

inline constexpr uint16_t kDnsPort = 53;
inline constexpr uint16_t kMdnsPort = 5353;

// Which records count. mDNS answers with addresses in the additional section, too.
enum class DnsSections : uint8_t { kAnswer, kAll };

// `message` may end early: then what stands before. Nothing for a query or an error.
std::vector<NamedAddress> read_dns_addresses(std::span<const std::byte> message,
                                             DnsSections sections);

struct DnsQuestion {
    std::string name;  // kMaxName bytes at most, any bytes; "." for the root
    uint16_t type = 0;
};

// What a message asks, or answers.
struct DnsMessage {
    bool is_answer = false;
    uint8_t rcode = 0;               // of an answer: see kNoSuchName
    std::vector<DnsQuestion> asked;  // the first ones, mostly there is one
};
inline constexpr uint8_t kNoError = 0;
inline constexpr uint8_t kNoSuchName = 3;  // NXDOMAIN (RFC 8499)

// Reads `most` questions at most of a standard query or its answer. `message` may end early: then
// those before. None for another message.
DnsMessage read_dns_questions(std::span<const std::byte> message, size_t most);

// Reads the name at `at`, without the dot at its end (the root: empty), and moves `at` behind it.
// Returns nothing if it has no end. It has kMaxName bytes at most, any bytes.
std::optional<std::string> read_dns_name(Piece message, size_t& at);

// Returns a record type's name, "AAAA", or "TYPE65280" if it has none here (RFC 3597, 5).
std::string dns_type_name(uint16_t type);

}  // namespace packet
