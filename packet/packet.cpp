// SPDX-License-Identifier: GPL-2.0-only
#include "packet/packet.h"

namespace packet {

std::string_view direction_name(Direction direction) {
    switch (direction) {
        case Direction::kInbound:
            return "in";
        case Direction::kOutbound:
            return "out";
        case Direction::kUnknown:
            break;
    }
    return {};
}

std::optional<uint32_t> uid_of(const End& end) {
    return end.uid || end.process == nullptr ? end.uid : end.process->uid;
}

std::string_view user_of(const End& end) {
    if (!end.user.empty() || end.process == nullptr) {
        return end.user;
    }
    // The process's name is that of its latest user.
    return uid_of(end) == end.process->uid ? std::string_view(end.process->user)
                                           : std::string_view();
}

At at_by_direction(Direction direction) {
    switch (direction) {
        case Direction::kOutbound:
            return At::kSender;
        case Direction::kInbound:
            return At::kReceiver;
        case Direction::kUnknown:
            break;
    }
    return At::kUnknown;
}

std::string_view at_name(At at) {
    switch (at) {
        case At::kSender:
            return "sender";
        case At::kReceiver:
            return "receiver";
        case At::kUnknown:
            break;
    }
    return "unknown";
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

}  // namespace packet
