// SPDX-License-Identifier: GPL-2.0-only
//
// DNS messages (RFC 1035) that a test makes up.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace test {

inline constexpr uint16_t kDnsA = 1;
inline constexpr uint16_t kDnsTxt = 16;
inline constexpr uint16_t kDnsAaaa = 28;
// Flags of a query that wants recursion, and of an answer to it; the last digit is the error.
inline constexpr uint16_t kDnsQuery = 0x0100;
inline constexpr uint16_t kDnsAnswer = 0x8180;

// A name as a message has it.
inline std::string dns_name(const std::string& name) {
    std::string out;
    for (size_t start = 0; start <= name.size();) {
        const size_t end = std::min(name.find('.', start), name.size());
        out += static_cast<char>(end - start);
        out += name.substr(start, end - start);
        start = end + 1;
    }
    return name.empty() ? std::string(1, '\0') : out + '\0';
}

// A message with one question and no record.
inline std::string dns_message(const std::string& name, uint16_t type = kDnsA,
                               uint16_t flags = kDnsQuery) {
    const auto be16 = [](unsigned number) {
        return std::string{static_cast<char>(number >> 8), static_cast<char>(number)};
    };
    return "\x12\x34" + be16(flags) + be16(1) + std::string(6, '\0') + dns_name(name) + be16(type) +
           be16(1);
}

}  // namespace test
