// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/hello_reader.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "packet/dissect/preamble.h"
#include "packet/dissect/quic.h"
#include "packet/dissect/tls_hello.h"

namespace forensics {
namespace {

using packet::ClientRandom;
using packet::Dissected;
using packet::Piece;
using packet::TlsHello;

// What read_tls_hello() looks at.
constexpr size_t kEnough = 59;

std::optional<ClientRandom> random_of(const TlsHello& hello) {
    return hello.type == TlsHello::Type::kClient ? std::optional(hello.random) : std::nullopt;
}

// Whether these bytes, of which more may follow, can be the start of a ClientHello's record.
bool may_begin_hello(std::span<const std::byte> bytes) {
    const auto is = [&](size_t at, uint8_t value) {
        return bytes.size() <= at || bytes[at] == std::byte{value};
    };
    return !bytes.empty() && bytes.size() < kEnough && is(0, 22) && is(1, 3) && is(5, 1);
}

// What is behind a PROXY line, or its binary form.
std::span<const std::byte> behind_proxy(std::span<const std::byte> bytes) {
    if (bytes.empty() || (bytes[0] != std::byte{'P'} && bytes[0] != std::byte{'\r'})) {
        return bytes;
    }
    const packet::Preamble preamble = packet::read_preamble(bytes);
    return preamble.verdict == packet::ReadName::Verdict::kFound ? bytes.subspan(preamble.length)
                                                                 : bytes;
}

}  // namespace

std::optional<ClientRandom> HelloReader::packet(const Packet& packet) {
    const auto dissected =
        packet::dissect(packet.interface->link_type, packet.data, packet.wire_length);
    if (!dissected || !dissected->has_ports || dissected->payload.captured().empty()) {
        return std::nullopt;
    }
    if (const auto random = random_of(packet::hello_of(*dissected))) {
        return random;
    }
    const auto key =
        make_key(dissected->network.source, dissected->network.target, dissected->source_port,
                 dissected->target_port, dissected->network.protocol, KeyKind::kPorts, 0);
    if (dissected->tcp) {
        return segment(key, *dissected);
    }
    return dissected->network.protocol == IPPROTO_UDP ? datagram(key, dissected->payload)
                                                      : std::nullopt;
}

std::optional<ClientRandom> HelloReader::segment(const KeyOfPacket& key,
                                                 const Dissected& dissected) {
    const auto bytes = behind_proxy(dissected.payload.captured());
    if (bytes.size() != dissected.payload.captured().size()) {
        if (const auto random = random_of(packet::read_tls_hello(bytes))) {
            return random;
        }
    }
    const Side side{key.key, key.from_lower ? uint64_t{1} : uint64_t{0}};
    const auto known = starts_.empty() ? starts_.end() : starts_.find(side);
    const bool is_whole = dissected.payload.captured().size() == dissected.payload.length();
    if (known != starts_.end() && known->second.next == dissected.tcp->sequence) {
        Start& start = known->second;
        const auto more = bytes.first(std::min(bytes.size(), kEnough));
        start.bytes.insert(start.bytes.end(), more.begin(), more.end());
        const auto random = random_of(packet::read_tls_hello(start.bytes));
        if (random || !is_whole || !may_begin_hello(start.bytes)) {
            starts_.erase(known);
            return random;
        }
        start.next += static_cast<uint32_t>(dissected.payload.length());
        return std::nullopt;
    }
    if (is_whole && may_begin_hello(bytes)) {
        if (starts_.size() >= kMaxStarts) {
            starts_.clear();
        }
        starts_[side] = {
            {bytes.begin(), bytes.end()},
            dissected.tcp->sequence + static_cast<uint32_t>(dissected.payload.length())};
    }
    return std::nullopt;
}

std::optional<ClientRandom> HelloReader::datagram(const KeyOfPacket& key, Piece payload) {
    // RFC 9000, 17.2: most datagrams have no long header.
    if ((payload.u8(0) & 0x80) == 0) {
        return std::nullopt;
    }
    Piece rest = payload;
    if (packet::take_quic_initial(rest).version == packet::QuicVersion::kNone) {
        return std::nullopt;
    }
    if (conversations_.size() >= kMaxConversations) {
        conversations_.clear();
    }
    const auto [found, fresh] = conversations_.try_emplace(key.key, next_conversation_);
    next_conversation_ += fresh ? 1 : 0;
    const auto message = quic_.datagram(found->second, key.from_lower ? 1 : 0, payload);
    // RFC 8446, 4: type, length, version, random.
    constexpr size_t kRandomAt = 6;
    constexpr uint8_t kClientHello = 1;
    ClientRandom random;
    if (message.size() < kRandomAt + random.size() || message[0] != std::byte{kClientHello}) {
        return std::nullopt;
    }
    std::memcpy(random.data(), message.data() + kRandomAt, random.size());
    return random;
}

}  // namespace forensics
