// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/pktap.h"

#include <algorithm>

#include "packet/link_type.h"

namespace packet {
namespace {

// Little endian, as all machines are that write it. Offsets in bytes.
constexpr size_t kLength = 0;
constexpr size_t kRecordType = 4;
constexpr size_t kDlt = 8;
constexpr size_t kInterface = 12;
constexpr size_t kInterfaceSize = 24;
constexpr size_t kFlags = 36;
constexpr size_t kPid = 52;
constexpr size_t kComm = 56;
constexpr size_t kCommSize = 20;
constexpr size_t kHeader = 108;

constexpr uint32_t kRecordOfPacket = 1;  // PTH_TYPE_PACKET
constexpr uint32_t kFlagIn = 1;
constexpr uint32_t kFlagOut = 2;
constexpr uint32_t kNoPid = 0xffffffff;

std::string_view field(Piece packet, size_t at, size_t size) {
    const auto bytes = packet.bytes(at, size);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view text(Piece packet, size_t at, size_t size) {
    const std::string_view all = field(packet, at, size);
    return all.substr(0, all.find('\0'));
}

// An interface's name: printable, and nothing but zeros behind it.
bool is_interface_name(std::string_view all) {
    const size_t size = all.find('\0');
    return size != 0 && size != std::string_view::npos &&
           std::all_of(all.begin(), all.begin() + static_cast<ptrdiff_t>(size),
                       [](char c) { return c > ' ' && c < 0x7f; }) &&
           all.find_first_not_of('\0', size) == std::string_view::npos;
}

pcapng::Direction direction_of(uint32_t flags) {
    switch (flags & (kFlagIn | kFlagOut)) {
        case kFlagIn:
            return pcapng::Direction::kInbound;
        case kFlagOut:
            return pcapng::Direction::kOutbound;
        default:
            return pcapng::Direction::kUnknown;
    }
}

}  // namespace

bool is_pktap(uint16_t link_type) {
    return link_type == kLinkTypePktap || link_type == kLinkTypeUser2;
}

std::optional<Pktap> read_pktap(uint16_t link_type, Piece packet) {
    if (!packet.has(kHeader)) {
        return std::nullopt;
    }
    const size_t length = packet.le32(kLength);
    if (length < kHeader || !packet.has(length)) {
        return std::nullopt;
    }
    if (link_type == kLinkTypeUser2 &&
        (length != kHeader || packet.le32(kRecordType) != kRecordOfPacket ||
         !is_interface_name(field(packet, kInterface, kInterfaceSize)))) {
        return std::nullopt;
    }
    Pktap pktap;
    pktap.link_type = packet.le32(kDlt);
    pktap.interface = text(packet, kInterface, kInterfaceSize);
    pktap.direction = direction_of(packet.le32(kFlags));
    pktap.comm = text(packet, kComm, kCommSize);
    const uint32_t pid = packet.le32(kPid);
    // A header of zeros names nobody: macOS's process 0 has a name.
    if (pid != kNoPid && (pid != 0 || !pktap.comm.empty())) {
        pktap.pid = pid;
    }
    pktap.frame = packet.after(length);
    return pktap;
}

}  // namespace packet
