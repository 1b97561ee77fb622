// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/vantages.h"

#include <linux/if_packet.h>

#include "forensics/source/interface_place.h"
#include "packet/dissect/piece.h"
#include "packet/link_type.h"

namespace forensics {
namespace {

// A header can hold any number: those of later interfaces are taken for one.
constexpr size_t kMaxCooked = 65536;

bool is_cooked(uint16_t link_type) {
    return link_type == packet::kLinkTypeLinuxSll || link_type == packet::kLinkTypeLinuxSll2;
}

// Returns what tells vantages of an "any" interface apart.
uint32_t part_of(uint16_t link_type, std::span<const uint8_t> data) {
    const packet::Piece header(std::as_bytes(data), data.size());
    if (link_type == packet::kLinkTypeLinuxSll2) {
        return header.has(8) ? header.u32(4) : 0;  // the interface's index
    }
    return header.has(2) && header.u16(0) == PACKET_OUTGOING ? 1 : 0;
}

}  // namespace

uint32_t Vantages::place(const Interface& interface) {
    const std::string_view name = place_of(interface);
    const auto known = places_.find(name);
    return known != places_.end()
               ? known->second
               : places_.emplace(name, static_cast<uint32_t>(places_.size())).first->second;
}

const Vantages::Known& Vantages::interface(const Interface& interface) {
    if (interface.number >= interfaces_.size()) {
        interfaces_.resize(interface.number + 1);
    }
    Known& entry = interfaces_[interface.number];
    if (!entry.known) {
        const bool cooked = is_cooked(interface.link_type);
        entry = {.known = true,
                 .vantage = {.number = cooked ? 0 : count_++, .place = place(interface)}};
    }
    return entry;
}

Vantage Vantages::of(const Packet& packet) {
    Vantage vantage = interface(*packet.interface).vantage;
    const uint16_t link_type = packet.interface->link_type;
    if (!is_cooked(link_type)) {
        return vantage;
    }
    const uint32_t part = cooked_.size() < kMaxCooked ? part_of(link_type, packet.data) : 0;
    const auto [known, is_new] = cooked_.try_emplace({packet.interface->number, part}, count_);
    count_ += is_new ? 1 : 0;
    vantage.number = known->second;
    return vantage;
}

}  // namespace forensics
