// SPDX-License-Identifier: GPL-2.0-only
#include "packet/event/frame.h"

#include "pcapng/decode.h"

namespace packet {
namespace {

constexpr size_t kMacAddresses = 12;

}  // namespace

void append_frame(std::vector<uint8_t>& out, std::span<const uint8_t> record) {
    out.insert(out.end(), kMacAddresses, 0);
    out.push_back(kEventEtherType >> 8);
    out.push_back(kEventEtherType & 0xff);
    out.insert(out.end(), record.begin(), record.end());
}

std::optional<std::span<const uint8_t>> record_of(std::span<const uint8_t> frame) {
    if (frame.size() < kEventHeaderSize ||
        pcapng::decode<uint16_t>(frame.subspan(kMacAddresses), pcapng::ByteOrder::kBig) !=
            kEventEtherType) {
        return std::nullopt;
    }
    return frame.subspan(kEventHeaderSize);
}

std::optional<std::span<const uint8_t>> event_record(const Packet& packet) {
    const bool can_be = packet.interface != nullptr && packet.interface->event != nullptr;
    return can_be ? record_of(packet.data) : std::nullopt;
}

}  // namespace packet
