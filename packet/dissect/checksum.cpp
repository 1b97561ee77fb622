// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/checksum.h"

namespace packet {
namespace {

constexpr size_t kIpv4Header = 20;
constexpr size_t kIpv6Header = 40;

// The sum of 16-bit words; an odd byte at the end counts as the upper half of one.
uint64_t sum_of(std::span<const std::byte> bytes) {
    uint64_t sum = 0;
    for (size_t at = 0; at + 1 < bytes.size(); at += 2) {
        sum += std::to_integer<uint64_t>(bytes[at]) << 8 | std::to_integer<uint64_t>(bytes[at + 1]);
    }
    if (bytes.size() % 2 != 0) {
        sum += std::to_integer<uint64_t>(bytes.back()) << 8;
    }
    return sum;
}

uint16_t folded(uint64_t sum) {
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<uint16_t>(sum);
}

// `sum`: of all that is covered, the checksum included.
Checksum judge(uint64_t sum, uint16_t found) {
    const uint16_t all = folded(sum);
    if (all == 0xffff) {
        return {.found = found, .right = found};  // 0 and 0xffff are the same number
    }
    const uint64_t without = uint64_t{all} + (0xffffU - found);
    return {.found = found, .right = static_cast<uint16_t>(~folded(without))};
}

bool is_whole(const Network& network, size_t at) {
    return !network.fragment && network.missing == 0 &&
           network.payload.has(network.payload.length()) && network.payload.has(at + 2);
}

// Whether one of the options is a source route (RFC 791, 3.1): the checksum then covers the last
// address of it. So do options that end within one.
bool has_source_route(Piece options) {
    constexpr uint8_t kLoose = 131;
    constexpr uint8_t kStrict = 137;
    while (options.has(1) && options.u8(0) != 0) {
        const uint8_t kind = options.u8(0);
        const size_t size = kind == 1 ? 1 : options.has(2) ? options.u8(1) : 0;
        if (size == 0 || kind == kLoose || kind == kStrict) {
            return true;
        }
        options = options.after(size);
    }
    return false;
}

// Whether the addresses are those that the checksum covers. IPv6 may have a routing header, if any.
bool covers_addresses(Piece packet, const Network& network) {
    const auto header =
        static_cast<size_t>(network.payload.captured().data() - packet.captured().data());
    return network.source.size() == 4 ? !has_source_route(packet.first(header).after(kIpv4Header))
                                      : header == kIpv6Header;
}

}  // namespace

std::optional<Checksum> header_checksum(Piece packet) {
    const size_t header = packet.has(1) ? size_t{packet.u8(0) & 0xfU} * 4 : 0;
    if (header < kIpv4Header || !packet.has(header)) {
        return std::nullopt;
    }
    return judge(sum_of(packet.bytes(0, header)), packet.u16(10));
}

std::optional<Checksum> message_checksum(const Network& network, size_t at) {
    if (!is_whole(network, at)) {
        return std::nullopt;
    }
    return judge(sum_of(network.payload.captured()), network.payload.u16(at));
}

std::optional<Checksum> transport_checksum(Piece packet, const Network& network, size_t at) {
    if (!is_whole(network, at) || !covers_addresses(packet, network)) {
        return std::nullopt;
    }
    const std::span<const std::byte> covered = network.payload.captured();
    const uint64_t sum = sum_of(network.source) + sum_of(network.target) + network.protocol +
                         (covered.size() >> 16) + (covered.size() & 0xffff) + sum_of(covered);
    return judge(sum, network.payload.u16(at));
}

}  // namespace packet
