// SPDX-License-Identifier: GPL-2.0-only
//
// NameReader: reads names from packets: of addresses from DNS, mDNS and LLMNR answers, of servers
// from the first bytes of a connection (TLS, HTTP, QUIC), also behind what asks for TLS, and what
// was asked of a DNS server; DnsQuestions has all of that, if wanted. Reads the first request of an
// HTTP connection and the first message of each side of DNS over TCP. Memory is bounded except for
// the names (see FirstBytes, HostNames).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "forensics/analysis/dns_questions.h"
#include "forensics/analysis/first_bytes.h"
#include "forensics/analysis/flow.h"
#include "forensics/analysis/host_names.h"
#include "forensics/analysis/quic_reader.h"
#include "packet/dissect/dissect.h"

namespace forensics {

class NameReader {
  public:
    // `questions`: where all questions to DNS servers are counted, or null; outlives this object.
    explicit NameReader(DnsQuestions* questions) : questions_(questions) {}

    // How far one side of a TCP connection has been read.
    struct Opening {
        uint32_t start = 0;        // the sequence number of the first byte
        FirstBytes::Handle bytes;  // what had to be kept
        bool started = false;
        bool done = false;
    };

    // Reads a TCP segment and sets the names of its conversation. Need not be called once the
    // side's opening is done.
    void segment(const packet::TcpHeader& header, packet::Piece payload, int side,
                 std::array<Opening, 2>& openings, Flow& flow);
    // Reads a UDP datagram.
    void datagram(packet::Piece payload, int side, Flow& flow);
    // Adds names of addresses that aren't from DNS. Of several of one address, the last one counts.
    void add(std::span<const packet::NamedAddress> names);
    // Sets dns_name from the answers read so far, if it isn't set yet.
    void name(Flow& flow) const;
    // The same, or from the names that were added, if no answer tells one.
    void name_by_all(Flow& flow) const;

    // The conversation is no more: frees what was kept to read it.
    void forget(const std::array<Opening, 2>& openings, uint64_t flow);
    // Whether begin_anew() is due: there are many names, or later answers are ignored.
    bool has_many() const { return hosts_.is_full() || hosts_.size() >= most_names_; }
    // Forgets all names but those of the conversations that each() hands to the function it gets.
    template <typename Each>
    void begin_anew(Each each) {
        const HostNames before = std::exchange(hosts_, HostNames());
        each([this](Flow& flow) {
            for (std::string_view* name :
                 {&flow.dns_name, &flow.server_name, &flow.http_host, &flow.dns_question}) {
                *name = hosts_.keep(*name);
            }
        });
        most_names_ = std::max(kManyNames, 2 * hosts_.size());
    }

  private:
    static constexpr size_t kManyNames = 131072;

    enum class Progress : uint8_t { kMore, kSideDone, kBothDone };

    Progress read(std::span<const std::byte> bytes, int side, Flow& flow);
    Progress read_client(std::span<const std::byte> bytes, Flow& flow);
    void read_quic(packet::Piece payload, int side, Flow& flow);
    Progress read_dns_stream(std::span<const std::byte> bytes, int side, Flow& flow);
    void read_dns(std::span<const std::byte> message, int side, Flow& flow);
    Progress keep(Opening& opening, size_t offset, std::span<const std::byte> bytes, int side,
                  Flow& flow);

    DnsQuestions* questions_;
    HostNames hosts_;
    HostNames added_;
    FirstBytes first_bytes_;
    QuicReader quic_;
    std::vector<std::byte> scratch_;
    size_t most_names_ = kManyNames;
};

}  // namespace forensics
