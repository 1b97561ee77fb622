// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/dns.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "packet/dissect/ascii.h"
#include "packet/dissect/piece.h"

namespace packet {
namespace {

constexpr size_t kHeader = 12;
constexpr uint16_t kAnswer = 0x8000;
constexpr uint16_t kOpcodeMask = 0x7800;  // 0: standard query
constexpr uint16_t kRcodeMask = 0x000f;
constexpr int kMaxPointers = 64;
constexpr size_t kMaxAliases = 16;  // resolvers give up earlier
constexpr uint16_t kTypeA = 1;
constexpr uint16_t kTypeCname = 5;
constexpr uint16_t kTypeAaaa = 28;
constexpr uint16_t kClassIn = 1;
constexpr uint16_t kClassMask = 0x7fff;  // mDNS has a flag in the highest bit

// IANA, "Domain Name System (DNS) Parameters": those that are asked for.
constexpr std::array kTypeNames = std::to_array<std::pair<uint16_t, std::string_view>>({
    {kTypeA, "A"},       {2, "NS"},     {kTypeCname, "CNAME"},
    {6, "SOA"},          {10, "NULL"},  {12, "PTR"},
    {13, "HINFO"},       {15, "MX"},    {16, "TXT"},
    {kTypeAaaa, "AAAA"}, {29, "LOC"},   {33, "SRV"},
    {35, "NAPTR"},       {39, "DNAME"}, {43, "DS"},
    {44, "SSHFP"},       {46, "RRSIG"}, {47, "NSEC"},
    {48, "DNSKEY"},      {50, "NSEC3"}, {52, "TLSA"},
    {61, "OPENPGPKEY"},  {64, "SVCB"},  {65, "HTTPS"},
    {99, "SPF"},         {250, "TSIG"}, {251, "IXFR"},
    {252, "AXFR"},       {255, "ANY"},  {257, "CAA"},
});

struct Alias {
    std::string name;
    std::string target;
};

// The name that led to this one.
std::string asked(std::string name, const std::vector<Alias>& aliases) {
    for (size_t steps = 0; steps < aliases.size(); ++steps) {
        const auto alias = std::ranges::find_if(
            aliases, [&](const Alias& each) { return equal_without_case(each.target, name); });
        if (alias == aliases.end()) {
            break;
        }
        name = alias->name;
    }
    return name;
}

// A record, and moves `at` behind it. False: the message ends.
bool read_record(Piece message, size_t& at, std::vector<Alias>& aliases,
                 std::vector<NamedAddress>& out) {
    std::optional<std::string> owner = read_dns_name(message, at);
    if (!owner || !message.has(at + 10)) {
        return false;
    }
    const uint16_t type = message.u16(at);
    const uint16_t record_class = message.u16(at + 2) & kClassMask;
    const size_t length = message.u16(at + 8);
    size_t content = at + 10;
    at = content + length;
    if (!message.has(at)) {
        return false;
    }
    if (record_class != kClassIn) {
        return true;
    }
    if ((type == kTypeA && length == 4) || (type == kTypeAaaa && length == 16)) {
        NamedAddress& named = out.emplace_back();
        named.name = std::move(*owner);
        named.address = address_of(message.bytes(content, length));
    } else if (type == kTypeCname && aliases.size() < kMaxAliases) {
        if (std::optional<std::string> target = read_dns_name(message, content)) {
            aliases.push_back({.name = std::move(*owner), .target = std::move(*target)});
        }
    }
    return true;
}

}  // namespace

std::optional<std::string> read_dns_name(Piece message, size_t& at) {
    std::string name;
    size_t position = at;
    size_t limit = position;  // the next pointer leads before this
    bool jumped = false;
    for (int pointers = 0;;) {
        if (!message.has(position + 1)) {
            return std::nullopt;
        }
        const uint8_t length = message.u8(position);
        if (length >= 0xc0) {
            if (!message.has(position + 2) || ++pointers > kMaxPointers) {
                return std::nullopt;
            }
            const size_t target = message.u16(position) & 0x3fffU;
            if (!jumped) {
                at = position + 2;
                jumped = true;
            }
            if (target >= limit) {
                return std::nullopt;
            }
            position = limit = target;
            continue;
        }
        if (length >= 0x40 || !message.has(position + 1 + length) ||
            name.size() + length + 1 > kMaxName) {
            return std::nullopt;
        }
        ++position;
        if (length == 0) {
            if (!jumped) {
                at = position;
            }
            return name;
        }
        if (!name.empty()) {
            name += '.';
        }
        const void* label = message.bytes(position, length).data();
        name.append(static_cast<const char*>(label), length);
        position += length;
    }
}

std::vector<NamedAddress> read_dns_addresses(std::span<const std::byte> bytes,
                                             DnsSections sections) {
    std::vector<NamedAddress> out;
    const Piece message(bytes, bytes.size());
    // A response (bit 15) to a standard query (bits 11 to 14) without an error (bits 0 to 3).
    if (!message.has(kHeader) || (message.u16(2) & 0xf80fU) != 0x8000U) {
        return out;
    }
    size_t at = kHeader;
    for (unsigned question = 0; question < message.u16(4); ++question) {
        if (!read_dns_name(message, at) || !message.has(at + 4)) {
            return out;
        }
        at += 4;
    }
    unsigned records = message.u16(6);
    if (sections == DnsSections::kAll) {
        records += unsigned{message.u16(8)} + message.u16(10);
    }
    std::vector<Alias> aliases;
    while (records-- > 0 && read_record(message, at, aliases, out)) {
    }
    for (NamedAddress& named : out) {
        named.name = asked(std::move(named.name), aliases);
    }
    return out;
}

DnsMessage read_dns_questions(std::span<const std::byte> bytes, size_t most) {
    DnsMessage out;
    const Piece message(bytes, bytes.size());
    if (!message.has(kHeader) || (message.u16(2) & kOpcodeMask) != 0) {
        return out;
    }
    out.is_answer = (message.u16(2) & kAnswer) != 0;
    out.rcode = static_cast<uint8_t>(message.u16(2) & kRcodeMask);
    const size_t count = std::min<size_t>(message.u16(4), most);
    for (size_t at = kHeader; out.asked.size() < count; at += 4) {
        std::optional<std::string> name = read_dns_name(message, at);
        if (!name || !message.has(at + 4)) {
            break;
        }
        out.asked.push_back(
            {.name = name->empty() ? "." : std::move(*name), .type = message.u16(at)});
    }
    return out;
}

std::string dns_type_name(uint16_t type) {
    for (const auto& [number, name] : kTypeNames) {
        if (number == type) {
            return std::string(name);
        }
    }
    return "TYPE" + std::to_string(type);
}

}  // namespace packet
