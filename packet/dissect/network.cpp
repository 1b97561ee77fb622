// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/network.h"

#include <netinet/in.h>

namespace packet {
namespace {

constexpr size_t kIpv4MinHeader = 20;
constexpr size_t kIpv6Header = 40;
constexpr size_t kIpv6FragmentHeader = 8;
// RFC 8200 expects each extension header once, destination options twice: more is an attack.
constexpr int kMaxExtensions = 10;
constexpr uint8_t kProtocolHip = 139;
constexpr uint8_t kProtocolShim6 = 140;

// What the headers promise beyond the end of the packet. 0 promised: a packet of more than 64 KiB
// (Linux's BIG TCP, jumbograms), whose header can't say its length.
size_t missing_bytes(size_t promised, size_t present) {
    return promised > present ? promised - present : 0;
}

NetworkProblem read_ipv4(Piece packet, Network& network) {
    if (!packet.has(kIpv4MinHeader)) {
        return NetworkProblem::kShort;
    }
    const size_t header = size_t{packet.u8(0) & 0xfU} * 4;
    if (header < kIpv4MinHeader) {
        return NetworkProblem::kHeaderLength;
    }
    const size_t total = packet.u16(2) == 0 ? packet.length() : packet.u16(2);
    if (total < header) {
        return NetworkProblem::kLength;
    }
    const uint16_t fragment = packet.u16(6);
    network.source = packet.bytes(12, 4);
    network.target = packet.bytes(16, 4);
    network.protocol = packet.u8(9);
    network.payload = packet.first(total).after(header);
    network.length = packet.first(total).length();
    network.more_fragments = (fragment & 0x2000U) != 0;
    network.fragment_offset = (fragment & 0x1fffU) * 8;
    network.fragment = network.more_fragments || network.fragment_offset > 0;
    network.fragment_id = packet.u16(4);
    network.missing = missing_bytes(total, packet.length());
    return NetworkProblem::kNone;
}

// The length of an extension header whose first two bytes are there; 0 for what is none.
size_t extension_length(uint8_t protocol, Piece header) {
    switch (protocol) {
        case IPPROTO_HOPOPTS:
        case IPPROTO_ROUTING:
        case IPPROTO_DSTOPTS:
        case IPPROTO_MH:
        case kProtocolHip:
        case kProtocolShim6:
            return (size_t{header.u8(1)} + 1) * 8;
        case IPPROTO_AH:
            return (size_t{header.u8(1)} + 2) * 4;
        default:
            return 0;
    }
}

bool is_extension(uint8_t protocol) {
    return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
           protocol == IPPROTO_DSTOPTS || protocol == IPPROTO_MH || protocol == kProtocolHip ||
           protocol == kProtocolShim6 || protocol == IPPROTO_AH || protocol == IPPROTO_FRAGMENT;
}

// Walks to the last header. False: the captured bytes, or what is bearable, end before.
bool skip_extensions(Network& network) {
    for (int extensions = 0; is_extension(network.protocol); ++extensions) {
        const Piece header = network.payload;
        if (extensions == kMaxExtensions || !header.has(2)) {
            return false;
        }
        size_t length = extension_length(network.protocol, header);
        if (network.protocol == IPPROTO_FRAGMENT) {
            if (!header.has(kIpv6FragmentHeader)) {
                return false;
            }
            length = kIpv6FragmentHeader;
            network.more_fragments = (header.u16(2) & 1U) != 0;
            network.fragment_offset = header.u16(2) & 0xfff8U;
            network.fragment = network.more_fragments || network.fragment_offset > 0;
            network.fragment_id = header.u32(4);
        }
        if (length > header.length()) {
            return false;
        }
        network.protocol = header.u8(0);
        network.payload = header.after(length);
        if (network.fragment_offset > 0) {
            return true;  // what follows is data, whatever the protocol
        }
    }
    return true;
}

NetworkProblem read_ipv6(Piece packet, Network& network) {
    if (!packet.has(kIpv6Header)) {
        return NetworkProblem::kShort;
    }
    const Piece rest = packet.after(kIpv6Header);
    const size_t promised = packet.u16(4) == 0 ? rest.length() : packet.u16(4);
    network.source = packet.bytes(8, 16);
    network.target = packet.bytes(24, 16);
    network.protocol = packet.u8(6);
    network.payload = rest.first(promised);
    network.length = kIpv6Header + network.payload.length();
    network.missing = missing_bytes(promised, rest.length());
    return skip_extensions(network) ? NetworkProblem::kNone : NetworkProblem::kExtensions;
}

}  // namespace

NetworkProblem read_network(Piece packet, Network& network) {
    if (!packet.has(1)) {
        return NetworkProblem::kShort;
    }
    switch (packet.u8(0) >> 4) {
        case 4:
            return read_ipv4(packet, network);
        case 6:
            return read_ipv6(packet, network);
        default:
            return NetworkProblem::kVersion;
    }
}

}  // namespace packet
