// SPDX-License-Identifier: GPL-2.0-only
//
// Preambles: what a client may send on a connection before the TLS or HTTP that it is for. A
// preamble ends where its own length says, so that the next one, or what it leads to, stands behind
// it. Pure; trusts no length.
//
// Read are: requests for TLS of PostgreSQL, MySQL, LDAP and RDP; PROXY (versions 1 and 2); SOCKS 4,
// 4a and 5; and lines of text, which is how SMTP, IMAP, POP3, FTP, NNTP, XMPP and others come to
// STARTTLS and HTTP to CONNECT.
#pragma once

#include <cstddef>
#include <span>

#include "packet/dissect/server_name.h"

namespace packet {

// A preamble is no longer than this.
inline constexpr size_t kMaxPreamble = 4096;

struct Preamble {
    ReadName::Verdict verdict = ReadName::Verdict::kOther;
    size_t length = 0;  // if found, at least 1
};

// Reads the preamble with which `bytes` begin.
Preamble read_preamble(std::span<const std::byte> bytes);

}  // namespace packet
