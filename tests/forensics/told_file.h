// SPDX-License-Identifier: GPL-2.0-only
//
// A capture with known processes, and what tshark says of its packets: the oracle of the tests of
// sums. tshark cuts the packets into fields; the sums of them are made here, from the comments'
// words, without any code of forensics/.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

namespace test {

// 12,000 packets of 40 processes in 300 conversations, made once a program.
inline const std::string& told_file() {
    static const TemporaryFolder kFolder;
    static const std::string kPath = [] {
        std::string path = kFolder.file("told.pcapng");
        output_of({BIG_FILE, path, "12000", "40", "300"});
        return path;
    }();
    return kPath;
}

inline std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, at);) {
        parts.push_back(part);
    }
    return parts;
}

struct TsharkPacket {
    double time = 0;
    uint64_t length = 0;
    bool out = false;
    std::string source, destination, stream;
    std::map<std::string, std::string> words;  // of its comment

    // "pid" or "peer.pid"
    std::optional<uint64_t> number(const std::string& key) const {
        const auto found = words.find(key);
        return found == words.end() ? std::nullopt
                                    : std::optional<uint64_t>(std::stoull(found->second));
    }
    std::string word(const std::string& key) const {
        const auto found = words.find(key);
        return found == words.end() ? "" : found->second;
    }
    // At which end the process of the first keys is.
    std::optional<uint64_t> sender() const { return number(out ? "pid" : "peer.pid"); }
    std::optional<uint64_t> receiver() const { return number(out ? "peer.pid" : "pid"); }
};

inline std::vector<TsharkPacket> tshark_packets(const std::string& path) {
    std::vector<std::string> command = {"tshark", "-n", "-r", path, "-T", "fields"};
    for (const char* field : {"frame.time_epoch", "frame.len", "frame.packet_flags_direction",
                              "ip.src", "ip.dst", "tcp.stream", "udp.stream", "frame.comment"}) {
        command.insert(command.end(), {"-e", field});
    }
    std::vector<TsharkPacket> packets;
    for (const std::string& line : split(output_of(command), '\n')) {
        const std::vector<std::string> fields = split(line, '\t');
        REQUIRE(fields.size() == 8);
        TsharkPacket packet{.time = std::stod(fields[0]),
                            .length = std::stoull(fields[1]),
                            .out = std::stoul(fields[2], nullptr, 0) == 2,
                            .source = fields[3],
                            .destination = fields[4],
                            .stream = fields[5].empty() ? "udp" + fields[6] : "tcp" + fields[5],
                            .words = {}};
        for (const std::string& word : split(fields[7], ' ')) {
            const size_t equals = word.find('=');
            REQUIRE(equals != word.npos);
            packet.words.emplace(word.substr(0, equals), word.substr(equals + 1));
        }
        packets.push_back(std::move(packet));
    }
    REQUIRE(packets.size() > 1000);
    return packets;
}

}  // namespace test
