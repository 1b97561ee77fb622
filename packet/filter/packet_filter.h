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
    // Compiles the expression for all link types and returns an error if it isn't valid for `link`.
    // It need not be valid for the others, as "ether host" isn't for packets without a link layer.
    // `netmask`, in network byte order, is for "ip broadcast"; without it such expressions are
    // errors. Errors are libpcap's, with the place if it is known. Looks up the names of hosts.
    static pcapng::Result<PacketFilter> compile(const std::string& expression, LinkType link,
                                                std::optional<uint32_t> netmask,
                                                bool optimize = true);

    const std::string& expression() const { return expression_; }
    // The program for Ethernet packets whose outer VLAN tag stands beside their bytes, as the
    // kernel has it once it has taken the tag off; nullopt: the one for all Ethernet packets.
    // tcpdump means the same: words before `vlan` and expressions without it ask what is behind the
    // tag, `vlan` asks for the tag by SKF_AD_VLAN_TAG and SKF_AD_VLAN_TAG_PRESENT of
    // linux/filter.h, and the words behind it don't step over it again.
    const std::optional<ClassicProgram>& tagged_program() const { return tagged_; }
    // The program for this link type, or libpcap's error if the expression isn't valid for it.
    const pcapng::Result<ClassicProgram>& program(LinkType link) const {
        return link == LinkType::kEthernet ? ethernet_ : raw_;
    }

  private:
    PacketFilter(std::string expression, std::optional<uint32_t> netmask, bool optimize);
    pcapng::Result<void> compile_tagged(std::optional<uint32_t> netmask, bool optimize);

    std::string expression_;
    pcapng::Result<ClassicProgram> ethernet_;
    pcapng::Result<ClassicProgram> raw_;
    std::optional<ClassicProgram> tagged_;
};

// A listing of a program as tcpdump prints it: with -d, -dd and -ddd.
enum class ClassicListing : uint8_t { kInstructions, kCStructs, kNumbers };
std::string list_classic(const ClassicProgram& program,
                         ClassicListing form = ClassicListing::kInstructions);

// Compiles an expression for one link type, given as its DLT_ value. `optimize`: use libpcap's
// optimizer, as tcpdump does without -O.
pcapng::Result<ClassicProgram> compile_filter(const std::string& expression, int dlt,
                                              std::optional<uint32_t> netmask,
                                              bool optimize = true);

}  // namespace packet
