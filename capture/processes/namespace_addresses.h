// SPDX-License-Identifier: GPL-2.0-only
//
// The addresses of a network namespace's interfaces, by the files of /proc/PID/net: without those
// that another namespace has, too (loopback, link-local), or that nobody has (multicast). Pure.
#pragma once

#include <string_view>
#include <vector>

#include "packet/dissect/address.h"

namespace capture {

// Each is appended once, and at most kMostAddresses.
inline constexpr size_t kMostAddresses = 64;
// Of fib_trie: the leaves that are local to the host.
void append_ipv4_addresses(std::string_view fib_trie, std::vector<packet::Address>& out);
// Of if_inet6: those of global scope that are no longer tentative.
void append_ipv6_addresses(std::string_view if_inet6, std::vector<packet::Address>& out);

}  // namespace capture
