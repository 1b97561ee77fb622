// SPDX-License-Identifier: GPL-2.0-only
//
// What the Writer's blocks are made of: passive structs. The views belong to the caller and are
// read during the call only. All times are nanoseconds since the epoch, all texts UTF-8 as far as
// their origin allows (the Writer makes names safe to show, see shown_text).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pcapng {

// Section header block. An empty text is left out.
struct SectionInfo {
    std::string hardware = {};
    std::string os = {};
    std::string application = {};
    std::vector<std::string> comments = {};
};

// Interface description block. tcpdump refuses a file whose interfaces differ in link type or
// snaplen.
struct Interface {
    uint16_t link_type = 1;  // LINKTYPE_ number; 1 is Ethernet
    uint32_t snaplen = 0;    // 0: no limit
    std::string_view name = {};
    std::string_view description = {};
    std::string_view filter = {};  // libpcap syntax
    std::string_view os = {};
    std::optional<uint64_t> speed = {};  // bit/s
    std::optional<std::array<uint8_t, 6>> mac = {};
};

// The bits of epb_flags ("Enhanced Packet Block Flags Word") that we use.
enum class Direction : uint8_t { kUnknown = 0, kInbound = 1, kOutbound = 2 };
enum class Reception : uint8_t {
    kUnspecified = 0,
    kUnicast = 1,
    kMulticast = 2,
    kBroadcast = 3,
    kPromiscuous = 4,
};

struct ProcessThread {
    uint32_t pid = 0;
    uint32_t tid = 0;
    bool operator==(const ProcessThread&) const = default;
};

// Enhanced packet block.
struct PacketBlock {
    uint32_t interface_id = 0;  // what add_interface returned
    uint64_t time_ns = 0;
    std::span<const uint8_t> data = {};
    uint32_t wire_length = 0;  // never less than data's is written
    Direction direction = Direction::kUnknown;
    Reception reception = Reception::kUnspecified;
    std::optional<uint64_t> drop_count = {};  // packets lost between this one and the one before it
    std::optional<ProcessThread> process = {};  // option 8
    std::optional<uint32_t> darwin_index = {};  // what darwin_process returned
    std::string_view comment = {};              // empty: none
};

// Process information block (Wireshark 5). Empty, zero or nullopt is left out.
struct ProcessInformation {
    uint32_t pid = 0;
    std::string_view name = {};
    std::string_view path = {};
    std::string_view cmdline = {};  // arguments separated by NUL
    std::optional<uint32_t> ppid = {};
    std::optional<uint32_t> uid = {};
    std::string_view user = {};
    uint64_t start_ns = 0;
};

// One field of a systemd journal entry: NAME of [A-Z0-9_], any bytes.
struct JournalField {
    std::string_view name = {};
    std::string_view value = {};
};

// Interface statistics block; the counters are since the start of the capture.
struct InterfaceStatistics {
    uint32_t interface_id = 0;
    uint64_t time_ns = 0;  // when the counters were read
    std::optional<uint64_t> start_ns = {};
    std::optional<uint64_t> end_ns = {};
    std::optional<uint64_t> received = {};
    std::optional<uint64_t> dropped = {};  // by the interface
    std::optional<uint64_t> filter_accepted = {};
    std::optional<uint64_t> os_dropped = {};  // after the filter, for want of room
    std::optional<uint64_t> delivered = {};   // to the user
};

}  // namespace pcapng
