// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/meter/community_id.h"

#include <netinet/in.h>

#include <nettle/base64.h>
#include <nettle/sha1.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

namespace forensics {
namespace {

std::span<const uint8_t> bytes_of(const Address& address) {
    return std::span(address.bytes).first(address.length);
}

// Returns whether the ends stand in the other order: the lower address first, of equal ones the
// lower port.
bool is_turned(const Side& a, const Side& b) {
    const auto first = bytes_of(a.address);
    const auto second = bytes_of(b.address);
    if (std::ranges::equal(first, second)) {
        return b.port < a.port;
    }
    return std::ranges::lexicographical_compare(second, first);
}

}  // namespace

std::string community_id(const Flow& flow) {
    if (flow.protocol == IPPROTO_ICMP || flow.protocol == IPPROTO_ICMPV6) {
        return {};
    }
    const bool turned = is_turned(flow.sides[0], flow.sides[1]);
    const Side& low = flow.sides[turned ? 1 : 0];
    const Side& high = flow.sides[turned ? 0 : 1];
    std::vector<uint8_t> text = {0, 0};  // the seed
    for (const Side* side : {&low, &high}) {
        const auto address = bytes_of(side->address);
        text.insert(text.end(), address.begin(), address.end());
    }
    text.push_back(flow.protocol);
    text.push_back(0);
    const bool has_ports = flow.protocol == IPPROTO_TCP || flow.protocol == IPPROTO_UDP ||
                           flow.protocol == IPPROTO_SCTP;
    for (const Side* side : {&low, &high}) {
        if (has_ports) {
            text.push_back(static_cast<uint8_t>(side->port >> 8));
            text.push_back(static_cast<uint8_t>(side->port & 0xff));
        }
    }
    sha1_ctx context;
    sha1_init(&context);
    sha1_update(&context, text.size(), text.data());
    std::array<uint8_t, SHA1_DIGEST_SIZE> digest{};
    sha1_digest(&context, digest.size(), digest.data());
    std::string id(BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE), '\0');
    base64_encode_raw(id.data(), digest.size(), digest.data());
    return "1:" + id;
}

}  // namespace forensics
