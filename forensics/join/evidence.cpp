// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/join/evidence.h"

#include <algorithm>

#include "packet/dissect/dissect.h"

namespace forensics {
namespace {

void keep(Evidence& evidence, uint64_t identity, uint64_t time_ns) {
    const auto begin = evidence.packets.begin();
    const auto end = begin + static_cast<ptrdiff_t>(evidence.packet_count);
    const auto place = std::lower_bound(
        begin, end, identity,
        [](const Evidence::Known& known, uint64_t wanted) { return known.identity < wanted; });
    if (place == evidence.packets.end() || (place != end && place->identity == identity)) {
        return;
    }
    const bool full = evidence.packet_count == Evidence::kMostPackets;
    std::move_backward(place, full ? end - 1 : end, full ? end : end + 1);
    *place = {.identity = identity, .time_ns = time_ns};
    evidence.packet_count += full ? 0 : 1;
}

}  // namespace

void EvidenceTable::open(Evidence::Opening& opening, uint32_t sequence, uint64_t time_ns,
                         uint64_t identity) {
    while (time_ns % resolution_ != 0) {
        resolution_ /= 10;
    }
    if (opening.times++ == 0) {
        opening.sequence = sequence;
        opening.time_ns = time_ns;
        opening.identity = identity;
    }
}

void EvidenceTable::add(const Packet& packet, const FlowTable::Found& found) {
    using Header = packet::TcpHeader;
    if (found.flow == nullptr || found.counted.again || !packet.time_ns) {
        return;
    }
    const auto dissected =
        packet::dissect(packet.interface->link_type, packet.data, packet.wire_length);
    if (!dissected) {
        return;
    }
    if (found.flow->number >= all_.size()) {
        all_.resize(found.flow->number + 1);
    }
    Evidence& evidence = all_[found.flow->number];
    const std::optional<uint64_t> identity = names_packets_.identify(*dissected);
    if (identity) {
        keep(evidence, *identity, *packet.time_ns);
    }
    if (dissected->tcp && dissected->tcp->has(Header::kSyn)) {
        const bool is_answer = dissected->tcp->has(Header::kAck);
        if (found.side == (is_answer ? 1 : 0)) {
            open(is_answer ? evidence.answer : evidence.syn, dissected->tcp->sequence,
                 *packet.time_ns, identity.value_or(0));
        }
    }
}

const Evidence& EvidenceTable::operator[](size_t number) const {
    static const Evidence kNone;
    return number < all_.size() ? all_[number] : kNone;
}

}  // namespace forensics
