// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/packets.h"

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "tests/support/command.h"

namespace test {
namespace {

constexpr std::array kFields = {
    "frame.number",
    "frame.comment",
    "frame.interface_name",
    "frame.packet_flags_direction",
    "frame.time_epoch",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "tcp.payload",
    "udp.srcport",
    "udp.dstport",
    "udp.payload",
    "icmp.type",
    "icmp.ident",
    "icmp.seq",
    "icmpv6.type",
    "icmpv6.echo.identifier",
    "icmpv6.echo.sequence_number",
    "sctp.srcport",
    "sctp.dstport",
    "arp.dst.proto_ipv4",
    "data.data",
    "frame.protocols",
};

[[noreturn]] void fail(const std::string& what, std::string_view where) {
    throw std::runtime_error(what + ": " + std::string(where));
}

int hex(char digit) {
    const std::string_view digits = "0123456789abcdef";
    const size_t value = digits.find(static_cast<char>(std::tolower(digit)));
    return value == std::string_view::npos ? -1 : static_cast<int>(value);
}

std::string from_hex(std::string_view text) {
    std::string bytes;
    for (size_t i = 0; i + 1 < text.size(); i += 2) {
        bytes += static_cast<char>(hex(text[i]) * 16 + hex(text[i + 1]));
    }
    return bytes;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

uint64_t to_number(std::string_view text, int base = 10) {
    return std::strtoull(std::string(text).c_str(), nullptr, base);
}

std::map<std::string, std::string> parse(std::string_view comment) {
    std::map<std::string, std::string> pairs;
    if (!comment.starts_with("pid=") && !comment.starts_with("via=")) {
        fail("not a comment of ours", comment);
    }
    for (const std::string_view pair : split(comment, ' ')) {
        const size_t equals = pair.find('=');
        if (equals == std::string_view::npos) {
            fail("no pair: '" + std::string(pair) + "'", comment);
        }
        std::string value;
        for (size_t i = equals + 1; i < pair.size(); i++) {
            if (pair[i] == '%') {
                if (i + 2 >= pair.size() || hex(pair[i + 1]) < 0 || hex(pair[i + 2]) < 0) {
                    fail("broken escape", comment);
                }
                value += static_cast<char>(hex(pair[i + 1]) * 16 + hex(pair[i + 2]));
                i += 2;
            } else {
                value += pair[i];
            }
        }
        if (!pairs.emplace(pair.substr(0, equals), value).second) {
            fail("a key stands twice", comment);
        }
    }
    return pairs;
}

// Seconds with nine decimals.
uint64_t nanoseconds(std::string_view text) {
    const size_t point = text.find('.');
    return to_number(text.substr(0, point)) * 1'000'000'000 + to_number(text.substr(point + 1));
}

std::string protocol_of(std::string_view protocols) {
    for (const std::string_view name : split(protocols, ':')) {
        for (const char* known : {"tcp", "udp", "icmpv6", "icmp", "arp", "sctp"}) {
            if (name == known) {
                return known;
            }
        }
    }
    return std::string(split(protocols, ':').back());
}

Packet packet_of(std::string_view line) {
    const std::vector<std::string_view> values = split(line, '\t');
    if (values.size() != kFields.size()) {
        fail("tshark says " + std::to_string(values.size()) + " fields", line);
    }
    size_t at = 0;
    const auto next = [&] { return values[at++]; };
    // Of the two names of a field, IPv4's and IPv6's or TCP's and UDP's, one is empty.
    const auto either = [&](size_t other) {
        const std::string_view value = next();
        return value.empty() ? values[at - 1 + other] : value;
    };
    Packet packet;
    packet.number = static_cast<unsigned>(to_number(next()));
    packet.raw_comment = next();
    packet.comment = parse(packet.raw_comment);
    packet.interface = next();
    packet.outbound = to_number(next(), 0) == 2;
    packet.time_ns = nanoseconds(next());
    packet.source = either(2);
    packet.destination = either(2);
    at += 2;
    packet.source_port = static_cast<uint16_t>(to_number(either(4)));
    packet.destination_port = static_cast<uint16_t>(to_number(either(4)));
    packet.tcp_flags = static_cast<unsigned>(to_number(next(), 0));
    packet.payload = from_hex(either(3));
    at += 3;
    const std::string_view type = either(3);
    packet.icmp_type = type.empty() ? -1 : static_cast<int>(to_number(type));
    packet.echo_id = static_cast<unsigned>(to_number(either(3), 0));
    packet.echo_sequence = static_cast<unsigned>(to_number(either(3), 0));
    at += 3;
    if (packet.source_port == 0) {
        packet.source_port = static_cast<uint16_t>(to_number(values[at]));
        packet.destination_port = static_cast<uint16_t>(to_number(values[at + 1]));
    }
    at += 2;
    packet.arp_target = next();
    if (const std::string_view data = next(); packet.payload.empty()) {
        packet.payload = from_hex(data);
    }
    packet.protocol = protocol_of(next());
    return packet;
}

}  // namespace

std::string Packet::via() const {
    const auto found = comment.find("via");
    return found == comment.end() ? "" : found->second;
}

std::optional<NamedProcess> Packet::named(const std::string& prefix) const {
    const auto value = [&](const char* key) {
        const auto found = comment.find(prefix + key);
        return found == comment.end() ? std::string() : found->second;
    };
    if (value("pid").empty()) {
        return std::nullopt;
    }
    NamedProcess process;
    process.pid = static_cast<uint32_t>(to_number(value("pid")));
    process.tid = static_cast<uint32_t>(to_number(value("tid")));
    process.comm = value("comm");
    process.exe = value("exe");
    process.uid =
        value("uid").empty() ? UINT32_MAX : static_cast<uint32_t>(to_number(value("uid")));
    process.start_ns = to_number(value("st"));
    process.via = value("via");
    return process;
}

std::vector<Packet> read_packets(const std::string& file) {
    std::vector<std::string> arguments = {
        "tshark", "-n", "-r", file, "-T", "fields",
        // The first of an ICMP error's two IP headers.
        "-E", "occurrence=f",
        // As captured.
        "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
        // Ports mean nothing here, and streams take time.
        "-o", "tcp.analyze_sequence_numbers:FALSE", "-o", "tcp.desegment_tcp_streams:FALSE", "-o",
        "udp.try_heuristic_first:FALSE"};
    for (const char* field : kFields) {
        arguments.insert(arguments.end(), {"-e", field});
    }
    const std::string text = output_of(arguments);
    std::vector<Packet> packets;
    for (const std::string_view line : split(text, '\n')) {
        if (!line.empty()) {
            packets.push_back(packet_of(line));
        }
    }
    return packets;
}

std::string describe(const Packet& packet) {
    std::string text = "#" + std::to_string(packet.number) + " " + packet.interface +
                       (packet.outbound ? " out " : " in ") + packet.protocol + " " +
                       packet.source + " " + std::to_string(packet.source_port) + " > " +
                       packet.destination + " " + std::to_string(packet.destination_port);
    if (packet.protocol == "tcp") {
        constexpr std::string_view kNames = "FSRPAU";
        text += " [";
        for (size_t bit = 0; bit < kNames.size(); bit++) {
            text += (packet.tcp_flags >> bit & 1) != 0 ? std::string(1, kNames[bit]) : "";
        }
        text += "]";
    }
    if (packet.icmp_type >= 0) {
        text +=
            " type " + std::to_string(packet.icmp_type) + " id " + std::to_string(packet.echo_id);
    }
    return text + " '" + packet.payload.substr(0, 80) + "' " + packet.raw_comment;
}

}  // namespace test
