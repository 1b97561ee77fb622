// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/tcp_sequences.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <tuple>
#include <utility>

namespace packet {
namespace {

constexpr size_t kSlots = 16384;
constexpr size_t kSlotsOfHash = 8;  // those that a conversation may have

std::array<uint8_t, 16> padded(std::span<const std::byte> address) {
    std::array<uint8_t, 16> out{};
    std::memcpy(out.data(), address.data(), std::min(address.size(), out.size()));
    return out;
}

}  // namespace

// Returns the conversation's slot, or the one that was used least lately of those that it may have.
TcpSequences::Slot& TcpSequences::find(const Conversation& conversation, bool& known) {
    if (slots_.empty()) {
        slots_.resize(kSlots);
    }
    const size_t set = hash_(conversation) % (kSlots / kSlotsOfHash);
    const std::span<Slot> candidates = std::span(slots_).subspan(set * kSlotsOfHash, kSlotsOfHash);
    for (Slot& slot : candidates) {
        if (slot.conversation == conversation) {
            known = true;
            return slot;
        }
    }
    known = false;
    return *std::ranges::min_element(candidates, {}, &Slot::used);
}

TcpSequences::Relative TcpSequences::relate(const Network& network, Ports ports,
                                            const TcpHeader& header) {
    Relative numbers{.sequence = header.sequence, .acknowledgment = header.acknowledgment};
    if (!header.has(TcpHeader::kAck)) {
        return numbers;
    }
    std::pair low{padded(network.source), ports.source};
    std::pair high{padded(network.target), ports.target};
    const bool from_high = low > high;
    if (from_high) {
        std::swap(low, high);
    }
    bool known = false;
    const Conversation conversation{.low = low.first,
                                    .high = high.first,
                                    .low_port = low.second,
                                    .high_port = high.second,
                                    .address_size = static_cast<uint32_t>(network.source.size())};
    Slot& slot = find(conversation, known);
    uint32_t& own_first = from_high ? slot.high_first : slot.low_first;
    uint32_t& other_first = from_high ? slot.low_first : slot.high_first;
    if (!known || header.has(TcpHeader::kSyn)) {
        slot.conversation = conversation;
        own_first = numbers.sequence;
        other_first = numbers.acknowledgment - 1;
    } else {
        numbers.sequence -= own_first;
        numbers.acknowledgment -= other_first;
    }
    slot.used = ++now_;
    numbers.other_first = other_first;
    return numbers;
}

}  // namespace packet
