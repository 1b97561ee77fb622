// SPDX-License-Identifier: GPL-2.0-only
//
// The word `vlan` of pcap-filter(7), for packets whose outer tag stands beside their bytes. libpcap
// knows such packets only with a handle on a live interface, which takes rights. Pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace packet {

// Returns the expression with its first `vlan` or `vlan N`, which asks for the outer tag, replaced
// by a test of the kernel's tag; nullopt if there is none, or if it asks for a tag inside a tunnel.
// Compiled for Ethernet, it is right for packets with a tag beside them, and for no others.
std::optional<std::string> words_beside_tag(std::string_view expression);

}  // namespace packet
