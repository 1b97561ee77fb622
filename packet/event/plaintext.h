// SPDX-License-Identifier: GPL-2.0-only
//
// The event that holds what passed through TLS libraries in clear (docs/tls.md). Whoever hands a
// file on without keys hands it on without this event, too. Pure.
#pragma once

#include <string_view>

#include "packet/packet.h"

namespace packet {

inline constexpr std::string_view kPlaintextEvent = "tls:plaintext";

inline bool is_plaintext(const Interface& interface) {
    return interface.event != nullptr && interface.name == kPlaintextEvent;
}

}  // namespace packet
