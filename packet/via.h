// SPDX-License-Identifier: GPL-2.0-only
//
// Via: how the process at an end of a packet was found, or why there is none
// (docs/attribution.md). Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace packet {

enum class Via : uint8_t {
    kUnrecorded,  // the file doesn't say: another tool wrote it
    kUnknown,     // no process was found
    kKernel,      // no process: the kernel itself
    kForwarded,   // no process on this machine
    kSocket,      // the packet's own socket
    kLookup,      // the socket that the addresses and ports lead to
    kCurrent,     // the process that was running
    kIcmpEcho,    // the process that sent the echo request
    kIcmpError,   // the process of the packet that the ICMP error quotes
    kFragment,    // the process of the first fragment
    kFlow,        // remembered from an earlier packet of the flow
    kConntrack,   // the flow before its addresses were translated
    kTunnel,      // the socket of the packet that this one carries
    kAnnotated,   // from another capture of the same time
    kEvent,       // the process that the event happened to
    kOther,       // a word that this version doesn't know
};

// Returns the value of the key `via`: empty for kUnrecorded, "other" for kOther.
std::string_view via_name(Via via);

// Returns the value with this name: kUnrecorded if it is empty, kOther if it is not known.
Via via_of(std::string_view name);

// Returns whether the packet itself led to the process (its socket, a socket look-up or the current
// process), not an earlier packet.
bool is_direct(Via via);

}  // namespace packet
