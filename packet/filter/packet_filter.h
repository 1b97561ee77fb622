// SPDX-License-Identifier: GPL-2.0-only
//
// Expressions of pcap-filter(7), compiled by libpcap to classic BPF. PacketFilter: one, for each of
// the link layers that a capture may meet. Passive once compiled; any thread.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "packet/link_type.h"
#include "pcapng/result.h"

namespace packet {

// A program in classic BPF, the language that libpcap compiles to (McCanne and Jacobson, 1993).
using ClassicProgram = std::vector<sock_filter>;

// What a packet begins with.
enum class LinkType : uint16_t { kEthernet = kLinkTypeEthernet, kRawIp = kLinkTypeRaw };

class PacketFilter {
  public:
    // `link`: the packets that the expression has to make sense for; for others it may not, as
    // "ether host" doesn't for packets without a link layer. `netmask`: of "ip broadcast", in
    // network byte order; none: such expressions are refused. An error is libpcap's, with the place
    // where that is known. Names of hosts are looked up.
    static pcapng::Result<PacketFilter> compile(const std::string& expression, LinkType link,
                                                std::optional<uint32_t> netmask);

    const std::string& expression() const { return expression_; }
    // An error for packets that the expression makes no sense for: libpcap's reason.
    const pcapng::Result<ClassicProgram>& program(LinkType link) const {
        return link == LinkType::kEthernet ? ethernet_ : raw_;
    }

  private:
    PacketFilter(std::string expression, std::optional<uint32_t> netmask);

    std::string expression_;
    pcapng::Result<ClassicProgram> ethernet_;
    pcapng::Result<ClassicProgram> raw_;
};

// libpcap's listing of a program, as `tcpdump -d` prints it.
std::string list_classic(const ClassicProgram& program);

// One expression for one kind of packets, by its DLT_ value. `optimize`: as libpcap does unless
// told otherwise.
pcapng::Result<ClassicProgram> compile_filter(const std::string& expression, int dlt,
                                              std::optional<uint32_t> netmask,
                                              bool optimize = true);

}  // namespace packet
