// SPDX-License-Identifier: GPL-2.0-only
//
// The packets of a capture as tshark, which we didn't write, shows them. The comment is taken apart
// here, independently of packet/comment.h, by the grammar of docs/file-format.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace test {

// A process as a comment tells it.
struct NamedProcess {
    uint32_t pid = 0;
    uint32_t tid = 0;
    std::string comm;
    std::string exe;
    uint32_t uid = UINT32_MAX;
    uint64_t start_ns = 0;
    std::string via;
};

struct Packet {
    std::string place;    // where it was captured
    unsigned number = 0;  // as tshark counts, from 1
    std::string interface;
    bool outbound = false;
    std::string source;  // addresses; empty: not IP
    std::string destination;
    uint16_t source_port = 0;
    uint16_t destination_port = 0;
    std::string protocol;  // "tcp", "udp", "icmp", "icmpv6", "arp", other: the highest one
    unsigned tcp_flags = 0;
    std::string arp_target;  // the address that is asked for
    int icmp_type = -1;
    unsigned echo_id = 0;
    unsigned echo_sequence = 0;
    std::string payload;  // what no protocol claims; of TCP and UDP
    uint64_t time_ns = 0;
    std::string raw_comment;
    std::map<std::string, std::string> comment;  // values decoded

    std::optional<NamedProcess> self() const { return named(""); }
    std::optional<NamedProcess> peer() const { return named("peer."); }
    std::string via() const;
    bool has_flags(unsigned flags) const { return (tcp_flags & flags) == flags; }

  private:
    std::optional<NamedProcess> named(const std::string& prefix) const;
};

inline constexpr unsigned kFin = 1;
inline constexpr unsigned kSyn = 2;
inline constexpr unsigned kRst = 4;
inline constexpr unsigned kAck = 16;

// Every packet of a file, in order. Throws at a comment that isn't of our grammar.
std::vector<Packet> read_packets(const std::string& file);

// One line for a failure's message.
std::string describe(const Packet& packet);

}  // namespace test
