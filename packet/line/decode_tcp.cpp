// SPDX-License-Identifier: GPL-2.0-only
#include <array>

#include "packet/line/decode_parts.h"

namespace packet {
namespace {

constexpr uint8_t kFinSynRst = TcpHeader::kFin | TcpHeader::kSyn | TcpHeader::kRst;
constexpr size_t kTcpChecksum = 16;  // where it is in the header

// As tcpdump has them, in its order.
void append_flags(fmt::memory_buffer& out, uint8_t flags) {
    static constexpr std::string_view kLetters = "FSRP.UEW";
    append(out, "Flags [");
    for (size_t bit = 0; bit < kLetters.size(); ++bit) {
        if ((flags >> bit & 1) != 0) {
            out.push_back(kLetters[bit]);
        }
    }
    append(out, "{}]", flags == 0 ? "none" : "");
}

void append_checksum(fmt::memory_buffer& out, const Network& network, const Decoding& decoding) {
    if (!decoding.verifies_checksums()) {
        return;
    }
    if (const auto sum = transport_checksum(decoding.packet, network, kTcpChecksum)) {
        append(out, ", cksum 0x{:04x}", sum->found);
        if (sum->correct()) {
            append(out, " (correct)");
        } else {
            append(out, " (incorrect -> 0x{:04x})", sum->right);
        }
    }
}

// ", seq 1:11, ack 1, win 502, options […]"
void append_numbers(fmt::memory_buffer& out, const Network& network, const TcpHeader& tcp,
                    size_t length, const Decoding& decoding) {
    TcpSequences::Relative numbers{.sequence = tcp.sequence, .acknowledgment = tcp.acknowledgment};
    if (const auto ports = read_ports(network.payload); ports && decoding.sequences != nullptr) {
        numbers = decoding.sequences->relate(network, *ports, tcp);
    }
    append_checksum(out, network, decoding);
    if (length > 0 || (tcp.flags & kFinSynRst) != 0 || decoding.style.verbose > 1) {
        append(out, ", seq {}", numbers.sequence);
        if (length > 0) {
            append(out, ":{}", numbers.sequence + static_cast<uint32_t>(length));
        }
    }
    if (tcp.has(TcpHeader::kAck)) {
        append(out, ", ack {}", numbers.acknowledgment);
    }
    append(out, ", win {}", tcp.window);
    if (tcp.has(TcpHeader::kUrg)) {
        append(out, ", urg {}", network.payload.u16(18));
    }
    if (tcp.header_length > kTcpMinHeader) {
        append_tcp_options(out, network.payload.first(tcp.header_length).after(kTcpMinHeader),
                           numbers.other_first);
    }
}

}  // namespace

void append_tcp(fmt::memory_buffer& out, const Network& network, const Decoding& decoding) {
    const Piece segment = network.payload;
    const std::optional<Ports> ports = read_ports(segment);
    append_start(out, network, ports);
    const std::optional<TcpHeader> tcp = read_tcp(network);
    if (!tcp || !segment.has(kTcpMinHeader)) {
        append(out, "[|tcp]");
        return;
    }
    append_flags(out, tcp->flags);
    const size_t header = tcp->header_length;
    if (header < kTcpMinHeader || header > segment.length()) {
        append(out, ", [bad header length {}], length {}", header, segment.length());
        return;
    }
    const size_t length = segment.length() - header;
    if (!decoding.style.quiet) {
        append_numbers(out, network, *tcp, length, decoding);
    }
    append(out, ", length {}", length);
    const bool has_data = length > 0 && !tcp->has(TcpHeader::kRst) && !network.fragment;
    if (has_data && !decoding.style.quiet) {
        append_tcp_payload(out, *ports, segment.after(header), decoding.style.verbose);
    }
}

}  // namespace packet
