// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/rewrite/option_copy.h"

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "pcapng/format.h"

namespace forensics {
namespace {

using pcapng::ByteBuffer;
using pcapng::ByteOrder;

// "Custom Options" of the draft: text behind an enterprise number, and the two kinds that a program
// which rewrites the file leaves out.
constexpr uint16_t kCustomText = 2988;
constexpr uint16_t kCustomBytes = 2989;
constexpr uint16_t kCustomTextNoCopy = 19372;
constexpr uint16_t kCustomBytesNoCopy = 19373;

// epb_verdict: one byte for the type, then 64 bits if that is an eBPF program's.
constexpr uint16_t kEpbVerdict = 7;
constexpr uint8_t kVerdictOfTc = 1;
constexpr uint8_t kVerdictOfXdp = 2;

// An option's value is a sequence of numbers of `width` bytes; 1: bytes. `size` is its length; 0:
// any.
struct Layout {
    uint16_t code;
    uint8_t width;
    uint8_t size;
};

constexpr std::array kSectionOptions = std::to_array<Layout>({
    {pcapng::kShbHardware, 1, 0},
    {pcapng::kShbOs, 1, 0},
    {pcapng::kShbApplication, 1, 0},
});

// The name and the addresses of the DNS server.
constexpr std::array kNamesOptions = std::to_array<Layout>({
    {2, 1, 0},
    {3, 1, 4},
    {4, 1, 16},
});

constexpr std::array kInterfaceOptions = std::to_array<Layout>({
    {pcapng::kIfName, 1, 0},
    {pcapng::kIfDescription, 1, 0},
    {4, 1, 8},   // if_IPv4addr
    {5, 1, 17},  // if_IPv6addr
    {pcapng::kIfMacAddress, 1, 6},
    {7, 1, 8},  // if_EUIaddr
    {pcapng::kIfSpeed, 8, 8},
    {pcapng::kIfTsresol, 1, 1},
    {10, 4, 4},  // if_tzone
    {pcapng::kIfFilter, 1, 0},
    {pcapng::kIfOs, 1, 0},
    {13, 1, 1},  // if_fcslen
    {pcapng::kIfTsoffset, 8, 8},
    {15, 1, 0},  // if_hardware
    {16, 8, 8},  // if_txspeed
    {17, 8, 8},  // if_rxspeed
    {18, 1, 0},  // if_iana_tzname
});

// From 0x8001: Darwin (wiretap/pcapng-darwin.h of Wireshark 4.6).
constexpr std::array kPacketOptions = std::to_array<Layout>({
    {pcapng::kEpbFlags, 4, 4},
    {3, 1, 0},  // epb_hash
    {pcapng::kEpbDropcount, 8, 8},
    {5, 8, 8},  // epb_packetid
    {6, 4, 4},  // epb_queue
    {pcapng::kEpbProcessThread, 4, 8},
    {pcapng::kEpbDarwinProcess, 4, 4},
    {0x8002, 4, 4},  // service class
    {pcapng::kEpbDarwinEffective, 4, 4},
    {0x8004, 4, 4},  // metadata flags
    {0x8005, 4, 4},  // flow id
    {0x8006, 2, 2},  // trace tag
    {0x8007, 4, 4},  // drop reason
    {0x8008, 2, 2},  // drop line
    {0x8009, 1, 0},  // drop function
    {0x800a, 4, 4},  // compression generation
});

// The options that it shares with the enhanced packet block ("Packet Block (obsolete!)"). Other
// codes would mean something else in an enhanced one, such as epb_processid_threadid.
constexpr std::array kObsoletePacketOptions = std::to_array<Layout>({
    {pcapng::kEpbFlags, 4, 4}, {3, 1, 0},  // pack_hash
});

constexpr std::array kStatisticsOptions = std::to_array<Layout>({
    {pcapng::kIsbStartTime, 4, 8},
    {pcapng::kIsbEndTime, 4, 8},
    {pcapng::kIsbReceived, 8, 8},
    {pcapng::kIsbDropped, 8, 8},
    {pcapng::kIsbFilterAccepted, 8, 8},
    {pcapng::kIsbOsDropped, 8, 8},
    {pcapng::kIsbDelivered, 8, 8},
});

constexpr std::array kDarwinOptions = std::to_array<Layout>({
    {pcapng::kDarwinName, 1, 0},
    {pcapng::kDarwinUuid, 1, 16},
});

std::span<const Layout> layouts_of(OptionOf block) {
    switch (block) {
        case OptionOf::kSection:
            return kSectionOptions;
        case OptionOf::kNames:
            return kNamesOptions;
        case OptionOf::kInterface:
            return kInterfaceOptions;
        case OptionOf::kPacket:
            return kPacketOptions;
        case OptionOf::kObsoletePacket:
            return kObsoletePacketOptions;
        case OptionOf::kStatistics:
            return kStatisticsOptions;
        case OptionOf::kDarwinProcess:
            return kDarwinOptions;
        case OptionOf::kAnyBlock:
            break;
    }
    return {};
}

std::optional<Layout> layout_of(const pcapng::Option& option, OptionOf block) {
    if (option.code == pcapng::kOptComment) {
        return Layout{option.code, 1, 0};
    }
    for (const Layout& layout : layouts_of(block)) {
        if (layout.code == option.code) {
            return layout;
        }
    }
    return std::nullopt;
}

// Copies an option and converts `numbers` bytes at offset `from`, which are big-endian numbers of
// `width` bytes.
void copy_turned(ByteBuffer& out, const pcapng::Option& option, size_t from, size_t numbers,
                 size_t width) {
    out.option_header(option.code, option.value.size());
    out.bytes(option.value.first(from));
    for (size_t at = from; at < from + numbers; at += width) {
        for (size_t i = width; i-- > 0;) {
            out.u8(option.value[at + i]);
        }
    }
    out.bytes(option.value.subspan(from + numbers));
    out.pad(option.value.size());
}

bool is_custom(uint16_t code) {
    return code == kCustomText || code == kCustomBytes || code == kCustomTextNoCopy ||
           code == kCustomBytesNoCopy;
}

}  // namespace

void copy_option(ByteBuffer& out, const pcapng::Option& option, ByteOrder order, OptionOf block,
                 Detail detail) {
    const size_t size = option.value.size();
    if (option.code == kCustomTextNoCopy || option.code == kCustomBytesNoCopy) {
        return;
    }
    const std::optional<Layout> layout = layout_of(option, block);
    if (detail == Detail::kIdentities && (!layout || option.code == pcapng::kOptComment)) {
        return;
    }
    if (block == OptionOf::kObsoletePacket && !layout && !is_custom(option.code)) {
        return;
    }
    if (layout && layout->size != 0 && layout->size != size) {
        return;
    }
    if (order == ByteOrder::kLittle || (layout && layout->width == 1)) {
        out.option(option.code, option.value);
        return;
    }
    if (layout) {
        copy_turned(out, option, 0, size, layout->width);
    } else if (option.code == kCustomText && size >= 4) {
        copy_turned(out, option, 0, 4, 4);
    } else if (block == OptionOf::kPacket && option.code == kEpbVerdict && size > 0) {
        const uint8_t of = option.value.front();
        const bool is_number = (of == kVerdictOfTc || of == kVerdictOfXdp) && size == 9;
        copy_turned(out, option, 1, is_number ? 8 : 0, 8);
    }
}

}  // namespace forensics
