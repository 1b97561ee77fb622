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

constexpr size_t kTcpChecksum = 16;  // where it is in the header
constexpr size_t kPayload = 64;      // bytes of it that identify a packet

// What identifies a packet, one after the other.
class Bytes {
  public:
    void add(std::span<const std::byte> bytes) {
        std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
        size_ += bytes.size();
    }
    void add(uint64_t number) { add_all<sizeof number>(&number); }
    // Of 4 or 16 bytes.
    void add_address(std::span<const std::byte> address) {
        if (address.size() == 4) {
            add_all<4>(address.data());
        } else {
            add_all<16>(address.data());
        }
    }
    void add_first(Piece piece, size_t size) { add(piece.first(size).captured()); }
    void clear16(size_t at) { std::memset(bytes_.data() + at, 0, 2); }
    size_t size() const { return size_; }
    std::string_view text() const { return {reinterpret_cast<const char*>(bytes_.data()), size_}; }

  private:
    // A constant size: the compiler makes moves of it.
    template <size_t kSize>
    void add_all(const void* from) {
        std::memcpy(bytes_.data() + size_, from, kSize);
        size_ += kSize;
    }

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
    const size_t at = bytes.size();
    bytes.add_first(segment, header.header_length + kPayload);
    bytes.clear16(at + kTcpChecksum);
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
    bytes.add_address(network.source);
    bytes.add_address(network.target);
    bytes.add((uint64_t{network.fragment_id} << 32) | network.protocol);
    bytes.add((uint64_t{network.fragment_offset} << 32) | network.payload.length());
    if (!add_payload(bytes, packet)) {
        return std::nullopt;
    }
    return hash_(bytes.text());
}

// Returns the number of the packet's entry: the one that has it, else one to be begun, which is
// that of the oldest packet in its set. The latter has been seen at no vantage.
size_t Crossings::entry_of(uint64_t identity, uint64_t time_ns) {
    const size_t number = identity % sets_.size();
    Set& set = sets_[number];
    const auto known = std::ranges::find(set.identities, identity);
    const auto way = static_cast<size_t>(
        known != set.identities.end() ? known - set.identities.begin()
                                      : std::ranges::min_element(set.times) - set.times.begin());
    const size_t entry = number * kWays + way;
    const uint64_t apart = std::max(set.times[way], time_ns) - std::min(set.times[way], time_ns);
    if (known == set.identities.end() || apart > kLongestNs) {
        set.identities[way] = identity;
        entries_[entry].seen[0].times = 0;
    }
    return entry;
}

void Crossings::begin(size_t entry, uint64_t time_ns, uint32_t vantage) {
    sets_[entry / kWays].times[entry % kWays] = time_ns;
    entries_[entry] = {.time_ns = time_ns};
    entries_[entry].seen[0] = {.vantage = vantage, .times = 1};
}

Crossing& Crossings::remember(uint64_t identity, uint64_t time_ns, uint32_t vantage) {
    Recent& recent = recent_[remembered_++ % kRecent];
    recent = {.identity = identity, .crossing = {.time_ns = time_ns}};
    recent.crossing.seen[0] = {.vantage = vantage, .times = 1};
    return recent.crossing;
}

void Crossings::look_up_from_now_on() {
    sets_.resize(kSets);
    entries_.resize(kSets * kWays);
    const uint64_t oldest = remembered_ - std::min<uint64_t>(remembered_, kRecent);
    for (uint64_t i = oldest; i < remembered_; ++i) {
        const auto& [identity, packet] = recent_[i % kRecent];
        Crossing& crossing = look_up(identity, packet.time_ns, packet.seen[0].vantage);
        const auto seen = crossing.seen;
        crossing = packet;
        crossing.seen = seen;
    }
    recent_ = {};
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
    if (sets_.empty() && vantages <= 1) {
        return remember(identity, time_ns, vantage);
    }
    if (sets_.empty()) {
        look_up_from_now_on();
    }
    return look_up(identity, time_ns, vantage);
}

Crossing& Crossings::look_up(uint64_t identity, uint64_t time_ns, uint32_t vantage) {
    const size_t entry = entry_of(identity, time_ns);
    Crossing& crossing = entries_[entry];
    if (crossing.seen[0].times == 0) {
        begin(entry, time_ns, vantage);
        return crossing;
    }
    add(crossing, vantage);
    if (!crossing.again) {
        const auto seen = crossing.seen;
        begin(entry, time_ns, vantage);
        crossing.seen = seen;
    }
    return crossing;
}

void Crossings::separate(Crossing& crossing, uint64_t time_ns, uint32_t vantage) {
    begin(static_cast<size_t>(&crossing - entries_.data()), time_ns, vantage);
}

}  // namespace forensics
