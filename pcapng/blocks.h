// SPDX-License-Identifier: GPL-2.0-only
//
// The arguments of the Writer: one passive struct for each type of block. The caller owns what the
// views point to; the Writer reads it during the call only. Times are nanoseconds since the epoch.
// Texts should be UTF-8; the Writer escapes what a terminal must not get (see shown_text).
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
    uint32_t wire_length = 0;  // on the wire; raised to data.size() if it is less
    Direction direction = Direction::kUnknown;
    Reception reception = Reception::kUnspecified;
    std::optional<uint64_t> drop_count = {};    // packets lost since the previous one
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

// One record of a name resolution block.
struct NameRecord {
    std::span<const uint8_t> address;  // IPv4 or IPv6: 4 or 16 bytes, in network order
    std::string_view name;             // what is behind a NUL is left out
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
    std::optional<uint64_t> os_dropped = {};  // after the filter, because a buffer was full
    std::optional<uint64_t> delivered = {};   // to the user
    std::span<const std::string> comments = {};
};

}  // namespace pcapng
