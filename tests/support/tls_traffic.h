// SPDX-License-Identifier: GPL-2.0-only
//
// TLS connections of openssl's programs (tests/data/tls.pcapng) as packets and as a key log; and
// which keys and which hellos a file has, the latter as tshark sees it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "packet/key_log.h"
#include "packet/packet.h"
#include "pcapng/format.h"
#include "tests/pcapng/files.h"
#include "tests/support/command.h"

namespace test {

// The packets of a sample, on one interface.
struct SamplePackets {
    packet::Interface interface { .number = 0, .link_type = 1, .name = "lo" };
    std::vector<Bytes> bytes;
    std::vector<uint64_t> times;

    size_t size() const { return bytes.size(); }
    // Valid as long as this stays where it is.
    packet::Packet at(size_t index) const {
        packet::Packet packet;
        packet.interface = &interface;
        packet.time_ns = times[index];
        packet.data = bytes[index];
        packet.wire_length = static_cast<uint32_t>(bytes[index].size());
        return packet;
    }
};

inline SamplePackets packets_of(const std::string& name) {
    SamplePackets packets;
    pcapng::Reader reader = need(pcapng::Reader::open_file(sample(name)));
    while (std::optional<pcapng::Block> block = need(reader.next())) {
        if (const auto* read = std::get_if<pcapng::PacketRead>(&*block)) {
            packets.bytes.emplace_back(read->data.begin(), read->data.end());
            packets.times.push_back(read->time_ns);
        }
    }
    return packets;
}

inline std::vector<packet::KeyLogLine> key_log_lines(const std::string& text) {
    std::vector<packet::KeyLogLine> lines;
    packet::read_key_log(text, [&](const packet::KeyLogLine& line) { lines.push_back(line); });
    return lines;
}

// tls.keys: 17 lines of five connections.
inline std::vector<packet::KeyLogLine> sample_keys() {
    const Bytes bytes = read_file(sample("tls.keys"));
    return key_log_lines(std::string(bytes.begin(), bytes.end()));
}

// The TLS key logs of a file, in order.
inline std::string keys_in(const std::string& path) {
    std::string keys;
    pcapng::Reader reader = need(pcapng::Reader::open_file(path));
    while (std::optional<pcapng::Block> block = need(reader.next())) {
        const auto* secrets = std::get_if<pcapng::SecretsRead>(&*block);
        if (secrets != nullptr && secrets->type == pcapng::kTlsKeyLog) {
            keys.append(secrets->data.begin(), secrets->data.end());
        }
    }
    return keys;
}

inline std::string random_text(const packet::ClientRandom& random) {
    std::string text;
    for (const uint8_t byte : random) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

// The client randoms of which a file has keys.
inline std::set<std::string> randoms_of_keys(const std::string& path) {
    std::set<std::string> randoms;
    for (const packet::KeyLogLine& line : key_log_lines(keys_in(path))) {
        randoms.insert(random_text(line.client_random));
    }
    return randoms;
}

// The randoms of a file's ClientHellos.
inline std::set<std::string> randoms_of_hellos(const std::string& path) {
    std::set<std::string> randoms;
    for (const std::string protocol : {"tls", "dtls"}) {
        for (std::string line :
             lines(output_of({"tshark", "-r", path, "-Y", protocol + ".handshake.type == 1", "-T",
                              "fields", "-e", protocol + ".handshake.random"}))) {
            std::erase(line, ':');
            randoms.insert(line);
        }
    }
    return randoms;
}

// What was asked for in the clear, or in what tshark could decrypt.
inline std::vector<std::string> requests_in(const std::string& path) {
    return lines(output_of(
        {"tshark", "-r", path, "-Y", "http.request", "-T", "fields", "-e", "http.request.uri"}));
}

}  // namespace test
