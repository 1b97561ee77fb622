// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/rewrite/annotation.h"

#include <utility>

#include "forensics/source/told.h"
#include "packet/comment.h"

namespace forensics {
namespace {

using pcapng::Direction;

constexpr std::string_view kVia = "annotated";

}  // namespace

std::string_view Annotation::comment(const Packet& packet, const pcapng::PacketRead* block) {
    text_.clear();
    const FlowTable::Found in = flows_.add(packet);
    // What the file says itself isn't contradicted: of two comments readers take the first.
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
        write(*self, peer, at, packet.direction);
    }
    return text_;
}

void Annotation::write(const Owner& self, const Owner* peer, At at, Direction direction) {
    if (peer != nullptr && peer->host != self.host) {
        peer = nullptr;  // a comment has one host, for both ends
    }
    append(self, {});
    append_at(text_, at, direction);
    // Before what a comment that is too long may lose.
    if (!self.host.empty()) {
        packet::append_key(text_, "host", self.host);
    }
    if (peer != nullptr) {
        append(*peer, packet::kPeerPrefix);
    }
    introduce(self, {});
    if (peer != nullptr) {
        introduce(*peer, packet::kPeerPrefix);
    }
}

void Annotation::append(const Owner& owner, std::string_view prefix) {
    packet::append_process(text_,
                           {.pid = owner.pid,
                            .comm = owner.comm,
                            .exe = owner.exe,
                            .uid = owner.uid,
                            .start_ns = owner.start_ns},
                           kVia, prefix);
}

void Annotation::introduce(const Owner& owner, std::string_view prefix) {
    if (introduced_.insert(&owner).second) {
        packet::append_introduction(
            text_, {.user = owner.user, .container = owner.container, .unit = owner.unit}, prefix);
    }
}

}  // namespace forensics
