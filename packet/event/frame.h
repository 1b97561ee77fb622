// SPDX-License-Identifier: GPL-2.0-only
//
// An event as a packet: a frame of Ethernet on an interface of its own, so that every tool opens
// the file. 12 zero bytes (no MAC addresses), EtherType 0x88B5 (IEEE 802, for local experiments),
// the record. Anybody may use that EtherType on a network: a frame is an event only on an interface
// whose description is a layout (Interface::event). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "packet/packet.h"

namespace packet {

inline constexpr size_t kEventHeaderSize = 14;
inline constexpr uint16_t kEventEtherType = 0x88B5;

// Appends the frame of a record.
void append_frame(std::vector<uint8_t>& out, std::span<const uint8_t> record);

// Returns the record of a frame, or nullopt if the frame has another EtherType or is too short.
std::optional<std::span<const uint8_t>> record_of(std::span<const uint8_t> frame);

// The same of a packet, which is no event either on an interface without a layout. An event is no
// traffic: it counts in no sum of packets and bytes.
std::optional<std::span<const uint8_t>> event_record(const Packet& packet);
inline bool is_event(const Packet& packet) {
    return event_record(packet).has_value();
}

}  // namespace packet
