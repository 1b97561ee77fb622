// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/packet.h"

namespace forensics {

At at_by_direction(pcapng::Direction direction) {
    switch (direction) {
        case pcapng::Direction::kOutbound:
            return At::kSender;
        case pcapng::Direction::kInbound:
            return At::kReceiver;
        case pcapng::Direction::kUnknown:
            break;
    }
    return At::kUnknown;
}

Ends ends_of(const Packet& packet) {
    const End* self = packet.self.process != nullptr ? &packet.self : nullptr;
    const End* peer = packet.peer.process != nullptr ? &packet.peer : nullptr;
    switch (packet.self_at) {
        case At::kSender:
            return {.sender = self, .receiver = peer};
        case At::kReceiver:
            return {.sender = peer, .receiver = self};
        case At::kUnknown:
            break;
    }
    return {.either = self != nullptr ? self : peer};
}

}  // namespace forensics
