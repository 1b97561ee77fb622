// SPDX-License-Identifier: GPL-2.0-only
//
// What the tests of pcapng/ share: files as bytes, the samples, and a Writer that must not fail.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pcapng/reader.h"
#include "pcapng/writer.h"

namespace test {

using Bytes = std::vector<uint8_t>;

inline constexpr const char* kSamples[] = {
    "darwin-bad-index.pcapng",
    "darwin-bad-length.pcapng",
    "darwin.pcapng",
    "journal.pcapng",
    "pib.pcapng",
    "ptcpdump-0.37.pcapng",
};

inline std::string sample(const std::string& name) {
    return std::string(TEST_DATA) + "/" + name;
}

inline Bytes read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    INFO(path);
    REQUIRE(file.good());
    return Bytes(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

inline void write_file(const std::string& path, std::span<const uint8_t> bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    REQUIRE(file.good());
}

// The value, or a failed test with the error's message.
template <typename T>
T need(pcapng::Result<T> result) {
    if (!result.ok()) {
        FAIL(result.error().message);
    }
    return std::move(result).value();
}
inline void need(const pcapng::Result<void>& result) {
    if (!result.ok()) {
        FAIL(result.error().message);
    }
}

inline pcapng::Writer open_writer(const std::string& path,
                                  const pcapng::SectionInfo& section = {}) {
    return need(pcapng::Writer::create(need(pcapng::Output::open_file(path)), section));
}

// A UDP datagram 10.0.0.1:40000 > 10.0.0.2:9999 in an Ethernet frame.
inline Bytes udp_frame(size_t payload = 16) {
    Bytes frame = {0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x08, 0x00};
    const auto ip_length = static_cast<uint16_t>(28 + payload);
    const auto udp_length = static_cast<uint16_t>(8 + payload);
    const Bytes headers = {0x45,
                           0,
                           static_cast<uint8_t>(ip_length >> 8),
                           static_cast<uint8_t>(ip_length),
                           0,
                           1,
                           0,
                           0,
                           64,
                           17,
                           0,
                           0,
                           10,
                           0,
                           0,
                           1,
                           10,
                           0,
                           0,
                           2,
                           0x9C,
                           0x40,
                           0x27,
                           0x0F,
                           static_cast<uint8_t>(udp_length >> 8),
                           static_cast<uint8_t>(udp_length),
                           0,
                           0};
    frame.insert(frame.end(), headers.begin(), headers.end());
    frame.resize(frame.size() + payload, 'x');
    return frame;
}

inline std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> result;
    size_t from = 0;
    for (size_t to = text.find('\n'); to != std::string::npos; to = text.find('\n', from)) {
        result.push_back(text.substr(from, to - from));
        from = to + 1;
    }
    return result;
}

}  // namespace test
