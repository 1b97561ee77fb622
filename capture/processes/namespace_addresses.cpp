// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/namespace_addresses.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace capture {
namespace {

// Cuts the first line off, without the blanks at its ends.
std::string_view take_line(std::string_view& text) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return line.substr(0, line.find_last_not_of(' ') + 1);
}

std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    return word;
}

void append(const packet::Address& address, std::vector<packet::Address>& out) {
    if (out.size() < kMostAddresses && std::ranges::find(out, address) == out.end()) {
        out.push_back(address);
    }
}

bool is_own_ipv4(const packet::Address& address) {
    const auto& bytes = address.bytes;
    return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224 &&
           !(bytes[0] == 169 && bytes[1] == 254);
}

std::optional<uint32_t> hexadecimal(std::string_view text) {
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(number)
                                                                    : std::nullopt;
}

std::optional<packet::Address> ipv6_of(std::string_view digits) {
    packet::Address address{.length = 16};
    if (digits.size() != 2 * address.bytes.size()) {
        return std::nullopt;
    }
    for (size_t i = 0; i < address.bytes.size(); ++i) {
        const auto byte = hexadecimal(digits.substr(2 * i, 2));
        if (!byte) {
            return std::nullopt;
        }
        address.bytes[i] = static_cast<uint8_t>(*byte);
    }
    return address;
}

}  // namespace

// A leaf is "|-- ADDRESS", followed by a line for each route to it: "/32 host LOCAL" (fib_trie.c).
void append_ipv4_addresses(std::string_view fib_trie, std::vector<packet::Address>& out) {
    constexpr std::string_view kLeaf = "|-- ";
    std::optional<packet::Address> leaf;
    while (!fib_trie.empty()) {
        const std::string_view line = take_line(fib_trie);
        if (line.starts_with(kLeaf)) {
            packet::Address address{.length = 4};
            const std::string text(line.substr(kLeaf.size()));
            leaf = inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1
                       ? std::optional(address)
                       : std::nullopt;
        } else if (leaf && line == "/32 host LOCAL" && is_own_ipv4(*leaf)) {
            append(*leaf, out);
        }
    }
}

// A line is: address, index, length of the prefix, scope, flags (all hexadecimal), name.
void append_ipv6_addresses(std::string_view if_inet6, std::vector<packet::Address>& out) {
    constexpr uint32_t kGlobal = 0;  // IPV6_ADDR_ANY, as the kernel calls all that is wider
    while (!if_inet6.empty()) {
        std::string_view line = take_line(if_inet6);
        const auto address = ipv6_of(take_word(line));
        take_word(line);
        take_word(line);
        const auto scope = hexadecimal(take_word(line));
        const auto flags = hexadecimal(take_word(line));
        if (address && scope == kGlobal && flags &&
            (*flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0) {
            append(*address, out);
        }
    }
}

}  // namespace capture
