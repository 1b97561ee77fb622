// SPDX-License-Identifier: GPL-2.0-only
//
// NameReader: the names that packets tell: of addresses in DNS, mDNS and LLMNR answers, of a
// connection's server in its first bytes. Of HTTP the first request of a connection, of DNS over
// TCP the first answer. Bounded memory beside the names themselves (see FirstBytes, HostNames).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "forensics/analysis/first_bytes.h"
#include "forensics/analysis/flow.h"
#include "forensics/analysis/host_names.h"
#include "packet/dissect/dissect.h"

namespace forensics {

class NameReader {
  public:
    // How far one side of a TCP connection has been read.
    struct Opening {
        uint32_t start = 0;        // the sequence number of the first byte
        FirstBytes::Handle bytes;  // what had to be kept
        bool started = false;
        bool done = false;
    };

    // Of a TCP conversation; sets its names. Nothing to do where the side's opening is done.
    void segment(const packet::TcpHeader& header, packet::Piece payload, int side,
                 std::array<Opening, 2>& openings, Flow& flow);
    // Of a UDP conversation.
    void datagram(packet::Piece payload, int side, const Flow& flow);
    // What an answer called the second side, as far as is known by now.
    void name(Flow& flow) const;

  private:
    enum class Progress : uint8_t { kMore, kSideDone, kBothDone };

    Progress read(std::span<const std::byte> bytes, int side, Flow& flow);
    Progress read_dns_message(std::span<const std::byte> bytes, int side, const Flow& flow);
    Progress keep(Opening& opening, size_t offset, std::span<const std::byte> bytes, int side,
                  Flow& flow);

    HostNames hosts_;
    FirstBytes first_bytes_;
    std::vector<std::byte> scratch_;
};

}  // namespace forensics
