// SPDX-License-Identifier: GPL-2.0-only
#include "tests/forensics/conversations.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <map>
#include <tuple>

#include "tests/forensics/capture_file.h"

namespace test {
namespace {

struct End {
    uint64_t packets = 0;
    uint64_t bytes = 0;
    uint64_t retransmissions = 0;
};

struct Conversation {
    std::map<std::string, End> ends;
    std::string rtt;
};

// By number, protocol or ends.
using Conversations = std::map<std::tuple<uint64_t, std::string>, Conversation>;

std::string text_of(const Conversations& conversations) {
    std::string out;
    for (const auto& [key, conversation] : conversations) {
        for (const auto& [name, end] : conversation.ends) {
            out += fmt::format("{} {}/{} r{} ", name, end.packets, end.bytes, end.retransmissions);
        }
        out += fmt::format("rtt {}\n", conversation.rtt);
    }
    return out;
}

std::string pair_of(const std::string& left, const std::string& right) {
    return left < right ? left + " " + right : right + " " + left;
}

enum class By : uint8_t { kNumber, kPorts, kAddresses };

Conversations by_us(const forensics::FlowTable& table, By by, std::optional<uint8_t> protocol) {
    Conversations out;
    uint64_t number = 0;
    for (const forensics::Flow& flow : table.flows()) {
        if (protocol && flow.protocol != *protocol) {
            continue;
        }
        std::array<std::string, 2> names;
        for (size_t side = 0; side < 2; ++side) {
            names[side] = to_text(flow.sides[side].address);
            if (by != By::kAddresses) {
                names[side] += fmt::format(":{}", flow.sides[side].port);
            }
        }
        auto& conversation =
            by == By::kNumber ? out[{number++, ""}] : out[{0, pair_of(names[0], names[1])}];
        for (size_t side = 0; side < 2; ++side) {
            End& end = conversation.ends[names[side]];
            end.packets += flow.sides[side].packets;
            end.bytes += flow.sides[side].bytes;
            end.retransmissions += flow.sides[side].retransmissions;
        }
        if (by == By::kNumber && flow.handshake_rtt_ns && *flow.handshake_rtt_ns != 0) {
            conversation.rtt = fmt::format("{}.{:09}", *flow.handshake_rtt_ns / 1000000000,
                                           *flow.handshake_rtt_ns % 1000000000);
        }
    }
    return out;
}

// As tshark gives fields of IPv4 and IPv6: one of them is empty.
std::string either(const std::vector<std::string>& row, size_t at) {
    return row[at].empty() ? row[at + 1] : row[at];
}

}  // namespace

std::string tcp_by_tshark(const std::string& file) {
    Conversations out;
    for (const auto& row : tshark_fields(
             file, "tcp",
             {"tcp.stream", "frame.len", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport",
              "tcp.dstport", "tcp.analysis.retransmission", "tcp.analysis.fast_retransmission",
              "tcp.analysis.spurious_retransmission", "tcp.analysis.initial_rtt"})) {
        Conversation& conversation = out[{std::stoull(row[0]), ""}];
        conversation.ends[either(row, 4) + ":" + row[7]];
        End& end = conversation.ends[either(row, 2) + ":" + row[6]];
        ++end.packets;
        end.bytes += std::stoull(row[1]);
        end.retransmissions += !row[8].empty() || !row[9].empty() || !row[10].empty() ? 1 : 0;
        if (!row[11].empty()) {
            conversation.rtt = row[11];
        }
    }
    return text_of(out);
}

std::string tcp_by_us(const forensics::FlowTable& table) {
    return text_of(by_us(table, By::kNumber, 6));
}

std::string udp_by_tshark(const std::string& file) {
    Conversations out;
    for (const auto& row : tshark_fields(file, "udp",
                                         {"frame.len", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst",
                                          "udp.srcport", "udp.dstport"},
                                         {"-o", "ip.defragment:FALSE"})) {
        const std::string source = either(row, 1) + ":" + row[5];
        const std::string target = either(row, 3) + ":" + row[6];
        Conversation& conversation = out[{0, pair_of(source, target)}];
        conversation.ends[target];
        End& end = conversation.ends[source];
        ++end.packets;
        end.bytes += std::stoull(row[0]);
    }
    return text_of(out);
}

std::string udp_by_us(const forensics::FlowTable& table) {
    return text_of(by_us(table, By::kPorts, 17));
}

std::string ip_by_tshark(const std::string& file) {
    Conversations out;
    for (const auto& row : tshark_fields(
             file, "ip or ipv6", {"frame.len", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst"})) {
        Conversation& conversation = out[{0, pair_of(either(row, 1), either(row, 3))}];
        conversation.ends[either(row, 3)];
        End& end = conversation.ends[either(row, 1)];
        ++end.packets;
        end.bytes += std::stoull(row[0]);
    }
    return text_of(out);
}

std::string ip_by_us(const forensics::FlowTable& table) {
    Conversations out = by_us(table, By::kAddresses, std::nullopt);
    for (auto& [key, conversation] : out) {
        for (auto& [name, end] : conversation.ends) {
            end.retransmissions = 0;
        }
    }
    return text_of(out);
}

}  // namespace test
