// SPDX-License-Identifier: GPL-2.0-only
//
// 802.11 frames, with or without a radiotap header (https://www.radiotap.org).
#include "packet/dissect/link_parts.h"

namespace packet {
namespace {

// Radiotap: version, padding, length, then words of bits that say which fields follow.
constexpr size_t kRadiotapHeader = 8;
constexpr uint32_t kPresentTime = 1U << 0;   // 8 bytes, aligned to 8
constexpr uint32_t kPresentFlags = 1U << 1;  // 1 byte
constexpr uint32_t kPresentMore = 1U << 31;  // another word follows
constexpr uint8_t kFlagChecksum = 0x10;      // the frame ends with its check sequence
constexpr uint8_t kFlagPadded = 0x20;        // the 802.11 header is padded to 4 bytes

constexpr size_t kControl = 2;
constexpr size_t kDataHeader = 24;  // control, duration, three addresses, sequence
constexpr size_t kChecksum = 4;
constexpr uint8_t kToDs = 0x01;
constexpr uint8_t kFromDs = 0x02;
constexpr uint8_t kProtected = 0x40;
constexpr uint8_t kOrder = 0x80;
constexpr uint8_t kSubtypeNull = 4;
constexpr uint8_t kSubtypeQos = 8;
constexpr uint8_t kAggregate = 0x80;  // QoS control: several packets in one frame

// Returns the flags of a radiotap header, 0 if it has none.
uint8_t radiotap_flags(Piece header) {
    const uint32_t present = header.le32(4);
    size_t at = kRadiotapHeader;
    for (uint32_t word = present; (word & kPresentMore) != 0; at += 4) {
        if (!header.has(at + 4)) {
            return 0;
        }
        word = header.le32(at);
    }
    if ((present & kPresentTime) != 0) {
        at = (at + 7) / 8 * 8 + 8;
    }
    return (present & kPresentFlags) != 0 && header.has(at + 1) ? header.u8(at) : 0;
}

void read_frame(Link& link, Piece frame, bool padded) {
    if (!frame.has(kControl)) {
        return set_cut(link, "802.11");
    }
    link.content = LinkContent::kWlan;
    link.payload = frame;
    const uint8_t control = frame.u8(0);
    const uint8_t flags = frame.u8(1);
    const auto subtype = static_cast<uint8_t>(control >> 4);
    link.wlan.type = static_cast<Wlan::Type>((control >> 2) & 3);
    link.wlan.encrypted = (flags & kProtected) != 0;
    const bool is_version_0 = (control & 3) == 0;
    if (!is_version_0 || link.wlan.type != Wlan::Type::kData || link.wlan.encrypted ||
        (subtype & kSubtypeNull) != 0) {
        return;
    }
    const bool qos = (subtype & kSubtypeQos) != 0;
    const bool four_addresses = (flags & kToDs) != 0 && (flags & kFromDs) != 0;
    size_t size = kDataHeader + (four_addresses ? 6 : 0);
    const size_t qos_at = size;
    size += qos ? 2 : 0;
    size += qos && (flags & kOrder) != 0 ? 4 : 0;
    if (!frame.has(size)) {
        return set_cut(link, "802.11");
    }
    const bool later_fragment = (frame.le16(22) & 0xf) != 0;
    if (later_fragment || (qos && (frame.u8(qos_at) & kAggregate) != 0)) {
        return;
    }
    Link inside = link;
    inside.payload = frame.after(padded ? (size + 3) / 4 * 4 : size);
    if (read_llc(inside)) {
        link = inside;
    }
}

}  // namespace

void read_wlan(Link& link, Piece frame) {
    read_frame(link, frame, false);
}

void read_radiotap(Link& link, Piece frame) {
    if (!frame.has(kRadiotapHeader)) {
        return set_cut(link, "radiotap");
    }
    const size_t size = frame.le16(2);
    if (size < kRadiotapHeader || !frame.has(size)) {
        return set_cut(link, "radiotap");
    }
    const uint8_t flags = radiotap_flags(frame.first(size));
    Piece inside = frame.after(size);
    if ((flags & kFlagChecksum) != 0 && inside.length() >= kChecksum) {
        inside = inside.first(inside.length() - kChecksum);
    }
    read_frame(link, inside, (flags & kFlagPadded) != 0);
}

}  // namespace packet
