// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/name_reader.h"

#include "packet/dissect/dns.h"
#include "packet/dissect/preamble.h"
#include "packet/dissect/server_name.h"

namespace forensics {
namespace {

using Verdict = packet::ReadName::Verdict;

constexpr uint16_t kLlmnrPort = 5355;

bool speaks_dns(uint16_t port) {
    return port == packet::kDnsPort || port == packet::kMdnsPort || port == kLlmnrPort;
}

}  // namespace

void NameReader::datagram(packet::Piece payload, int side, Flow& flow) {
    if (speaks_dns(flow.sides[0].port) || speaks_dns(flow.sides[1].port)) {
        read_dns(payload.captured(), side, flow);
    } else if (flow.server_name.empty()) {
        read_quic(payload, side, flow);
    }
}

void NameReader::read_quic(packet::Piece payload, int side, Flow& flow) {
    const std::span<const std::byte> messages = quic_.datagram(flow.number, side, payload);
    const packet::ReadName tls = packet::read_client_hello(messages);
    if (messages.empty() || tls.verdict == Verdict::kMore) {
        return;
    }
    flow.server_name = hosts_.keep(tls.name);
    quic_.end(flow.number);
}

void NameReader::read_dns(std::span<const std::byte> message, int side, Flow& flow) {
    if (questions_ != nullptr || flow.dns_question.empty()) {
        const size_t most = questions_ != nullptr ? DnsQuestions::kMostOfMessage : 1;
        const packet::DnsMessage read = packet::read_dns_questions(message, most);
        if (flow.dns_question.empty() && !read.asked.empty()) {
            flow.dns_question = hosts_.keep(read.asked.front().name);
        }
        if (questions_ != nullptr) {
            questions_->add(flow.number, read.is_answer ? 1 - side : side, read);
        }
    }
    const uint16_t port = flow.sides[static_cast<size_t>(side)].port;
    if (!speaks_dns(port)) {
        return;
    }
    const Address& asker = flow.sides[static_cast<size_t>(1 - side)].address;
    const packet::DnsSections sections =
        port == packet::kMdnsPort ? packet::DnsSections::kAll : packet::DnsSections::kAnswer;
    for (const packet::NamedAddress& named : packet::read_dns_addresses(message, sections)) {
        hosts_.add(asker, named.address, named.name);
    }
}

void NameReader::add(std::span<const packet::NamedAddress> names) {
    for (const packet::NamedAddress& named : names) {
        added_.add({}, named.address, named.name);
    }
}

void NameReader::name(Flow& flow) const {
    if (flow.dns_name.empty()) {
        flow.dns_name = hosts_.find(flow.sides[0].address, flow.sides[1].address);
    }
}

void NameReader::name_by_all(Flow& flow) const {
    name(flow);
    if (flow.dns_name.empty()) {
        flow.dns_name = added_.find({}, flow.sides[1].address);
    }
}

void NameReader::forget(const std::array<Opening, 2>& openings, uint64_t flow) {
    for (const Opening& opening : openings) {
        first_bytes_.end(opening.bytes);
    }
    quic_.forget(flow);
}

// RFC 1035, 4.2.2: a length before the message.
NameReader::Progress NameReader::read_dns_stream(std::span<const std::byte> bytes, int side,
                                                 Flow& flow) {
    const packet::Piece stream(bytes, bytes.size());
    if (!stream.has(2) || !stream.has(size_t{2} + stream.u16(0))) {
        return Progress::kMore;
    }
    read_dns(stream.after(2).first(stream.u16(0)).captured(), side, flow);
    return Progress::kSideDone;
}

NameReader::Progress NameReader::read(std::span<const std::byte> bytes, int side, Flow& flow) {
    if (flow.sides[0].port == packet::kDnsPort || flow.sides[1].port == packet::kDnsPort) {
        return read_dns_stream(bytes, side, flow);
    }
    return read_client(bytes, flow);
}

// What stands before TLS or HTTP is skipped, piece by piece. A proxy's CONNECT has a host of its
// own.
NameReader::Progress NameReader::read_client(std::span<const std::byte> bytes, Flow& flow) {
    constexpr int kMaxPreambles = 16;
    std::span<const std::byte> rest = bytes;
    bool more = true;
    for (int preambles = 0; more && preambles <= kMaxPreambles; ++preambles) {
        const packet::ReadName tls = packet::read_tls_server_name(rest, scratch_);
        if (tls.verdict == Verdict::kFound) {
            flow.server_name = hosts_.keep(tls.name);
            return Progress::kBothDone;
        }
        const packet::ReadName http = packet::read_http_host(rest);
        if (http.verdict == Verdict::kFound) {
            flow.http_host = hosts_.keep(http.name);
            if (!packet::is_connect(rest)) {
                return Progress::kBothDone;
            }
        }
        const packet::Preamble preamble = packet::read_preamble(rest);
        more = tls.verdict == Verdict::kMore || http.verdict == Verdict::kMore ||
               preamble.verdict == Verdict::kMore;
        if (preamble.verdict != Verdict::kFound) {
            break;
        }
        rest = rest.subspan(preamble.length);
        more = true;
    }
    return more && bytes.size() < FirstBytes::kMaxBytes ? Progress::kMore : Progress::kSideDone;
}

NameReader::Progress NameReader::keep(Opening& opening, size_t offset,
                                      std::span<const std::byte> bytes, int side, Flow& flow) {
    if (opening.bytes.generation == 0) {
        opening.bytes = first_bytes_.begin();
    } else if (!first_bytes_.alive(opening.bytes)) {
        return Progress::kSideDone;
    }
    const size_t before = first_bytes_.bytes(opening.bytes).size();
    if (!first_bytes_.add(opening.bytes, offset, bytes)) {
        return Progress::kSideDone;
    }
    const std::span<const std::byte> whole = first_bytes_.bytes(opening.bytes);
    return whole.size() > before ? read(whole, side, flow) : Progress::kMore;
}

void NameReader::segment(const packet::TcpHeader& header, packet::Piece payload, int side,
                         std::array<Opening, 2>& openings, Flow& flow) {
    Opening& opening = openings[static_cast<size_t>(side)];
    if (!header.whole) {
        return;
    }
    const uint32_t first = header.sequence + (header.has(packet::TcpHeader::kSyn) ? 1 : 0);
    // Where the SYN is missing, a single byte is taken for a keep-alive, which may carry one that
    // was sent before (RFC 9293, 3.8.4).
    if (!opening.started && (header.has(packet::TcpHeader::kSyn) || payload.length() > 1)) {
        opening.start = first;
        opening.started = true;
    }
    if (!opening.started) {
        return;
    }
    const auto offset = static_cast<int32_t>(first - opening.start);
    if (offset < 0) {
        payload = payload.after(static_cast<size_t>(-int64_t{offset}));
    }
    if (payload.length() == 0) {
        return;
    }
    const bool captured = payload.has(payload.length());
    const size_t at = offset < 0 ? 0 : static_cast<size_t>(offset);
    Progress progress = Progress::kMore;
    if (at == 0 && opening.bytes.generation == 0) {
        progress = read(payload.captured(), side, flow);
    }
    if (progress == Progress::kMore) {
        progress =
            captured ? keep(opening, at, payload.captured(), side, flow) : Progress::kSideDone;
    }
    if (progress == Progress::kMore) {
        return;
    }
    opening.done = true;
    first_bytes_.end(opening.bytes);
    if (progress == Progress::kBothDone) {
        Opening& other = openings[static_cast<size_t>(1 - side)];
        other.done = true;
        first_bytes_.end(other.bytes);
    }
}

}  // namespace forensics
