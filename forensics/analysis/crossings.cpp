// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/crossings.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

namespace forensics {
namespace {

using packet::Piece;

constexpr size_t kManyEntries = 65536;
constexpr size_t kPayload = 64;  // bytes of it that identify a packet

// What identifies a packet, one after the other.
class Bytes {
  public:
    void add(std::span<const std::byte> bytes) {
        std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
        size_ += bytes.size();
    }
    void add(uint64_t number) { add(std::as_bytes(std::span(&number, 1))); }
    void add_first(Piece piece, size_t size) {
        add(piece.captured().first(std::min(piece.captured().size(), size)));
    }
    std::string_view text() const { return {reinterpret_cast<const char*>(bytes_.data()), size_}; }

  private:
    std::array<std::byte, 256> bytes_;
    size_t size_ = 0;
};

bool is_loopback(std::span<const std::byte> address) {
    if (address.size() == 4) {
        return address[0] == std::byte{127};
    }
    return address[15] == std::byte{1} &&
           std::all_of(address.begin(), address.end() - 1,
                       [](std::byte byte) { return byte == std::byte{0}; });
}

// The header without its checksum, which is only there once the interface has computed it. Returns
// false if it wasn't captured.
bool add_tcp(Bytes& bytes, const packet::TcpHeader& header, Piece segment) {
    if (!header.whole || !segment.has(header.header_length)) {
        return false;
    }
    bytes.add(segment.bytes(0, 16));
    bytes.add(segment.bytes(18, header.header_length - size_t{18}));
    bytes.add_first(segment.after(header.header_length), kPayload);
    return true;
}

bool add_udp(Bytes& bytes, Piece datagram) {
    if (!datagram.has(packet::kUdpHeader)) {
        return false;
    }
    bytes.add(datagram.bytes(0, 6));
    bytes.add_first(datagram.after(packet::kUdpHeader), kPayload);
    return true;
}

bool add_payload(Bytes& bytes, const packet::Dissected& packet) {
    const packet::Network& network = packet.network;
    if (network.fragment_offset == 0 && packet.tcp) {
        return add_tcp(bytes, *packet.tcp, network.payload);
    }
    if (network.fragment_offset == 0 && network.protocol == IPPROTO_UDP) {
        return add_udp(bytes, network.payload);
    }
    bytes.add_first(network.payload, kPayload);
    return network.payload.has(std::min<size_t>(network.payload.length(), 8));
}

}  // namespace

std::optional<uint64_t> Crossings::identify(const packet::Dissected& packet) const {
    const packet::Network& network = packet.network;
    if (is_loopback(network.source) || is_loopback(network.target)) {
        return std::nullopt;
    }
    Bytes bytes;
    bytes.add(network.source);
    bytes.add(network.target);
    bytes.add((uint64_t{network.fragment_id} << 32) | network.protocol);
    bytes.add((uint64_t{network.fragment_offset} << 32) | network.payload.length());
    if (!add_payload(bytes, packet)) {
        return std::nullopt;
    }
    return hash_(bytes.text());
}

Crossing& Crossings::slot_of(uint64_t identity, uint64_t time_ns) {
    const size_t set = identity % (entries_.size() / kWays) * kWays;
    const std::span<Crossing> ways(&entries_[set], kWays);
    const auto known = std::ranges::find(ways, identity, &Crossing::identity);
    Crossing& slot =
        known != ways.end() ? *known : *std::ranges::min_element(ways, {}, &Crossing::time_ns);
    const uint64_t apart = std::max(slot.time_ns, time_ns) - std::min(slot.time_ns, time_ns);
    if (known == ways.end() || apart > kLongestNs) {
        slot = {.identity = identity, .time_ns = time_ns};
    }
    return slot;
}

void Crossings::grow() {
    std::vector<Crossing> few(kManyEntries);
    few.swap(entries_);
    for (const Crossing& crossing : few) {
        if (crossing.seen[0].times != 0) {
            slot_of(crossing.identity, crossing.time_ns) = crossing;
        }
    }
}

void Crossings::add(Crossing& crossing, uint32_t vantage) {
    uint32_t most = 0;  // times at another vantage
    Crossing::Seen* here = nullptr;
    for (Crossing::Seen& seen : crossing.seen) {
        if (here == nullptr && (seen.times == 0 || seen.vantage == vantage)) {
            here = &seen;
        } else {
            most = std::max(most, seen.times);
        }
    }
    if (here == nullptr) {
        crossing.again = true;  // more vantages than are remembered
        return;
    }
    here->vantage = vantage;
    ++here->times;
    crossing.again = here->times <= most;
}

Crossing& Crossings::see(uint64_t identity, uint64_t time_ns, uint32_t vantage, size_t vantages) {
    if (vantages > 1 && entries_.size() < kManyEntries) {
        grow();
    }
    Crossing& crossing = slot_of(identity, time_ns);
    add(crossing, vantage);
    if (!crossing.again) {
        const auto seen = crossing.seen;
        crossing = {.identity = identity, .time_ns = time_ns, .seen = seen};
    }
    return crossing;
}

void Crossings::separate(Crossing& crossing, uint64_t time_ns, uint32_t vantage) {
    crossing = {.identity = crossing.identity, .time_ns = time_ns};
    add(crossing, vantage);
}

}  // namespace forensics
