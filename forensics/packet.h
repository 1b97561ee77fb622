// SPDX-License-Identifier: GPL-2.0-only
//
// A packet as a Source hands it out. Passive; views and pointers are valid until the Source's next
// call, processes as long as the Source.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "forensics/process.h"
#include "pcapng/blocks.h"

namespace forensics {

// An interface of the file. `number` counts through all sections, from 0.
struct Interface {
    uint32_t number = 0;
    uint16_t link_type = 1;  // LINKTYPE_
    uint32_t snaplen = 0;    // 0: no limit
    std::string name;
};

// One end of a packet. Without a process, `via` may say why: "kernel", "forwarded", "unknown".
// Empty `via`: the file doesn't say how it knows (another tool's).
struct End {
    const Process* process = nullptr;
    uint32_t tid = 0;
    std::optional<uint32_t> uid = {};  // as of this packet
    std::string_view via = {};
};

// At which end of a packet the process is that its own keys name.
enum class At : uint8_t { kUnknown, kSender, kReceiver };
At at_by_direction(pcapng::Direction direction);  // where it is if that isn't said

struct Packet {
    uint64_t number = 0;                   // from 1
    uint64_t offset = 0;                   // of its block or record in the uncompressed file
    std::optional<uint64_t> time_ns = {};  // since the epoch
    const Interface* interface = nullptr;
    pcapng::Direction direction = pcapng::Direction::kUnknown;
    uint32_t wire_length = 0;
    std::span<const uint8_t> data = {};
    std::optional<uint64_t> drop_count = {};
    End self;  // the process that the packet's own keys name: see docs/file-format.md
    At self_at = At::kUnknown;
    End peer;  // the other end, where it is told

    bool attributed() const { return self.process != nullptr || peer.process != nullptr; }
};

// Who sent the packet and who received it, as far as the file says so. `either` has the process of
// which it isn't told at which end it is; then the other two are null.
struct Ends {
    const End* sender = nullptr;
    const End* receiver = nullptr;
    const End* either = nullptr;
};
Ends ends_of(const Packet& packet);

}  // namespace forensics
