// SPDX-License-Identifier: GPL-2.0-only
//
// TCP's options (IANA, "TCP Option Kind Numbers") in tcpdump's words.
#include <algorithm>
#include <array>

#include "packet/line/decode_parts.h"

namespace packet {
namespace {

enum Kind : uint8_t {
    kEnd = 0,
    kNop = 1,
    kMss = 2,
    kWindowScale = 3,
    kSackPermitted = 4,
    kSack = 5,
    kEcho = 6,
    kEchoReply = 7,
    kTimestamps = 8,
    kCc = 11,
    kCcNew = 12,
    kCcEcho = 13,
    kMd5 = 19,
    kUserTimeout = 28,
    kTcpAo = 29,
    kMultipath = 30,
    kFastOpen = 34,
};

constexpr auto kNames = std::to_array<std::pair<uint8_t, std::string_view>>({
    {kEnd, "eol"},
    {kNop, "nop"},
    {kMss, "mss"},
    {kWindowScale, "wscale"},
    {kSackPermitted, "sackOK"},
    {kSack, "sack"},
    {kEcho, "echo"},
    {kEchoReply, "echoreply"},
    {kTimestamps, "TS"},
    {kCc, "cc"},
    {kCcNew, "ccnew"},
    {kCcEcho, "ccecho"},
    {kMd5, "md5"},
    {kUserTimeout, "uto"},
    {kTcpAo, "tcp-ao"},
    {kMultipath, "mptcp"},
    {kFastOpen, "tfo"},
});

void append_name(fmt::memory_buffer& out, uint8_t kind) {
    const auto* const found =
        std::ranges::find(kNames, kind, &std::pair<uint8_t, std::string_view>::first);
    if (found != kNames.end()) {
        out.append(found->second);
    } else {
        append(out, "unknown-{}", kind);
    }
}

void append_bytes(fmt::memory_buffer& out, Piece value) {
    for (const std::byte byte : value.captured()) {
        append(out, "{:02x}", std::to_integer<unsigned>(byte));
    }
}

void append_sack(fmt::memory_buffer& out, Piece value, uint32_t other_first) {
    constexpr size_t kBlock = 8;
    if (value.length() % kBlock != 0) {
        append(out, " invalid sack");
        return;
    }
    append(out, " {} ", value.length() / kBlock);
    for (; value.has(kBlock); value = value.after(kBlock)) {
        append(out, "{{{}:{}}}", value.u32(0) - other_first, value.u32(4) - other_first);
    }
}

void append_user_timeout(fmt::memory_buffer& out, uint16_t value) {
    const bool minutes = (value & 1) != 0;
    append(out, " 0x{:x} {}", value, (value >> 1) * (minutes ? 60 : 1));
}

void append_fast_open(fmt::memory_buffer& out, Piece value) {
    if (value.length() == 0) {
        append(out, "  cookiereq");
    } else if (value.length() % 2 != 0 || value.length() < 4 || value.length() > 16) {
        append(out, "  cookie invalid");
    } else {
        append(out, "  cookie ");
        append_bytes(out, value);
    }
}

// How many bytes the value of an option of this kind must have; nothing: any number.
std::optional<size_t> value_size(uint8_t kind) {
    switch (kind) {
        case kSackPermitted:
            return 0;
        case kWindowScale:
            return 1;
        case kMss:
        case kUserTimeout:
            return 2;
        case kEcho:
        case kEchoReply:
        case kCc:
        case kCcNew:
        case kCcEcho:
            return 4;
        case kTimestamps:
            return 8;
        case kMd5:
            return 16;
        default:
            return std::nullopt;
    }
}

// `value` is whole, and has value_size() bytes.
void append_value(fmt::memory_buffer& out, uint8_t kind, Piece value, uint32_t other_first) {
    switch (kind) {
        case kSackPermitted:
            break;
        case kWindowScale:
            append(out, " {}", value.u8(0));
            break;
        case kMss:
            append(out, " {}", value.u16(0));
            break;
        case kUserTimeout:
            append_user_timeout(out, value.u16(0));
            break;
        case kEcho:
        case kEchoReply:
        case kCc:
        case kCcNew:
        case kCcEcho:
            append(out, " {}", value.u32(0));
            break;
        case kTimestamps:
            append(out, " val {} ecr {}", value.u32(0), value.u32(4));
            break;
        case kSack:
            append_sack(out, value, other_first);
            break;
        case kFastOpen:
            append_fast_open(out, value);
            break;
        case kMd5:
            append(out, " ");
            append_bytes(out, value);
            break;
        default:
            append(out, "{}", value.length() > 0 ? " 0x" : "");
            append_bytes(out, value);
            break;
    }
}

}  // namespace

void append_tcp_options(fmt::memory_buffer& out, Piece options, uint32_t other_first) {
    append(out, ", options [");
    std::string_view separator;
    while (options.length() > 0) {
        out.append(separator);
        separator = ",";
        if (!options.has(1)) {
            append(out, "|tcp]");
            return;
        }
        const uint8_t kind = options.u8(0);
        append_name(out, kind);
        if (kind == kEnd) {
            break;
        }
        if (kind == kNop) {
            options = options.after(1);
            continue;
        }
        const size_t size = options.has(2) ? options.u8(1) : 0;
        if (size < 2 || size > options.length()) {
            out.append(std::string_view(options.has(2) ? "[bad opt]" : "|tcp]"));
            return;
        }
        const Piece value = options.first(size).after(2);
        const std::optional<size_t> wanted = value_size(kind);
        if (!value.has(size - 2)) {
            append(out, "|tcp]");
            return;
        }
        if (wanted && *wanted != value.length()) {
            append(out, "[len {}]", size);
        } else {
            append_value(out, kind, value, other_first);
        }
        options = options.after(size);
    }
    append(out, "]");
}

}  // namespace packet
