// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/rewrite/annotation.h"

#include <utility>

#include "forensics/source/recorded.h"
#include "packet/process_comment.h"

namespace forensics {

std::string_view Annotation::comment(const Packet& packet, const pcapng::PacketRead* block) {
    text_.clear();
    const FlowTable::Found in = flows_.add(packet);
    // Never contradict the file itself: readers use the first of two comments.
    if (in.flow == nullptr || !packet.time_ns || packet.attributed() || has_pidcap_comment(block)) {
        return {};
    }
    const FlowOwners::Found found = owners_.find(*in.flow, in.side, *packet.time_ns);
    const Owner* self = found.sender;
    const Owner* peer = found.receiver;
    At at = At::kSender;
    if (self == nullptr || (packet.direction == Direction::kInbound && peer != nullptr)) {
        std::swap(self, peer);
        at = At::kReceiver;
    }
    if (self == nullptr) {
        self = found.either;
        at = At::kUnknown;
    }
    if (self != nullptr) {
        write(*self, peer, at, flags_direction(block));
    }
    return text_;
}

void Annotation::write(const Owner& self, const Owner* peer, At at, Direction direction) {
    if (peer != nullptr && peer->host != self.host) {
        peer = nullptr;  // a comment has one host, for both ends
    }
    packet::append_process(text_, self, 0, Via::kAnnotated);
    packet::append_at(text_, at, direction);
    // Early, because a comment that is too long is cut at its end.
    if (!self.host.empty()) {
        packet::append_pair(text_, {}, packet::kHostKey, self.host);
    }
    if (peer != nullptr) {
        packet::append_process(text_, *peer, 0, Via::kAnnotated, packet::kPeerPrefix);
    }
    introduce(self, {});
    if (peer != nullptr) {
        introduce(*peer, packet::kPeerPrefix);
    }
}

void Annotation::introduce(const Owner& owner, std::string_view prefix) {
    if (introduced_.insert(&owner).second) {
        packet::append_introduction(text_, owner, prefix);
    }
}

}  // namespace forensics
