// SPDX-License-Identifier: GPL-2.0-only
//
// The addresses in a DNS answer (RFC 1035; mDNS: RFC 6762; LLMNR: RFC 4795), each with the name
// that was asked for: an alias (CNAME) leads back to it; and the question of a message. Pure;
// trusts no length, count or pointer.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "packet/dissect/address.h"

namespace packet {

// Which records count. mDNS answers with addresses in the additional section, too.
enum class DnsSections : uint8_t { kAnswer, kAll };

// `message` may end early: then what stands before. Nothing for a query or an error.
std::vector<NamedAddress> read_dns_addresses(std::span<const std::byte> message,
                                             DnsSections sections);

// Returns the name in the first question of a query or an answer, "." for the root, or an empty
// text if there is none.
std::string read_dns_question(std::span<const std::byte> message);

}  // namespace packet
