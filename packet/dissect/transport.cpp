// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/transport.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

namespace packet {
namespace {

constexpr size_t kEchoHeader = 6;  // as far as the id

}  // namespace

std::optional<Echo> read_echo(const Network& network) {
    const Piece message = network.payload;
    if (!message.has(kEchoHeader)) {
        return std::nullopt;
    }
    const bool v6 = network.protocol == IPPROTO_ICMPV6;
    const uint8_t request = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
    const uint8_t reply = v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY;
    const uint8_t type = message.u8(0);
    if (type != request && type != reply) {
        return std::nullopt;
    }
    return Echo{.id = message.u16(4), .request = type == request};
}

}  // namespace packet
