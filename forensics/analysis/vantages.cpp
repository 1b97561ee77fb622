// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/vantages.h"

#include <fmt/format.h>
#include <linux/if_packet.h>

#include <algorithm>

#include "forensics/source/interface_place.h"
#include "packet/dissect/address.h"
#include "packet/dissect/piece.h"
#include "packet/link_type.h"

namespace forensics {
namespace {

// A header can hold any number: those of later interfaces are taken for one.
constexpr size_t kMaxCooked = 65536;

// Nor for tunnels: later ones are one place.
constexpr size_t kMaxTunnels = 65536;

void append(std::string& key, std::span<const std::byte> bytes) {
    key.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void append(std::string& key, uint32_t number) {
    append(key, std::as_bytes(std::span(&number, 1)));
}

// The same for both directions.
void append_key(std::string& key, const packet::Tunnel& tunnel) {
    key += static_cast<char>(tunnel.kind);
    if (tunnel.kind == packet::TunnelKind::kMpls) {
        return;  // each direction has labels of its own
    }
    if (tunnel.id) {
        key += 'i';
        append(key, *tunnel.id);
        return;
    }
    const bool turned = std::ranges::lexicographical_compare(tunnel.target, tunnel.source);
    key += static_cast<char>(tunnel.source.size());
    append(key, turned ? tunnel.target : tunnel.source);
    append(key, turned ? tunnel.source : tunnel.target);
}

std::string name_of(std::span<const packet::Tunnel> tunnels) {
    std::string name;
    for (const packet::Tunnel& tunnel : tunnels) {
        name += name.empty() ? "" : ", ";
        name += packet::tunnel_name(tunnel.kind);
        name += tunnel.id ? fmt::format(" {}", *tunnel.id) : "";
        if (!tunnel.source.empty()) {
            name += fmt::format(" {} {}", to_text(packet::address_of(tunnel.source)),
                                to_text(packet::address_of(tunnel.target)));
        }
    }
    return name;
}

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
    return known != places_.end() ? known->second
                                  : places_.emplace(name, place_count_++).first->second;
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

Vantages::Inner Vantages::within(uint32_t place, const packet::Dissected& packet) {
    const std::span<const packet::Tunnel> through = packet.through();
    if (through.empty()) {
        return {.place = place, .name = {}};
    }
    std::string key;
    append(key, place);
    for (const packet::Tunnel& tunnel : through) {
        append_key(key, tunnel);
    }
    auto known = tunnels_.find(key);
    if (known == tunnels_.end()) {
        const bool full = tunnels_.size() >= kMaxTunnels;
        known = tunnels_.try_emplace(full ? std::string() : std::move(key)).first;
        if (known->second.name.empty()) {
            known->second = {.place = place_count_++,
                             .name = full ? "(other tunnels)" : name_of(through)};
        }
    }
    return {.place = known->second.place, .name = known->second.name};
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
