// SPDX-License-Identifier: GPL-2.0-only
//
// Ethernet frames to be sent by a packet socket, byte by byte as they are written here.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "pcapng/fd.h"

namespace test {

struct Tag {
    uint16_t protocol;  // 0x8100, 0x88a8
    uint16_t tci;
};

struct FrameEnd {
    std::array<uint8_t, 6> mac;
    std::string address;  // IPv4
    uint16_t port;
};

// A UDP datagram over IPv4 with these VLAN tags, the outer one first. Without a UDP checksum.
std::vector<uint8_t> udp_frame(const FrameEnd& from, const FrameEnd& to,
                               const std::vector<Tag>& tags = {}, size_t payload = 40);

// Requires that the socket takes all of it.
void send_frame(const pcapng::Fd& socket, const std::vector<uint8_t>& frame);

}  // namespace test
