// SPDX-License-Identifier: GPL-2.0-only
//
// What a Source hands out, kept for looking at: copies, so that it outlives the Source.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "forensics/source/source.h"
#include "tests/pcapng/files.h"

namespace test {

struct SeenEnd {
    std::optional<forensics::Process> process = {};  // as it was at this packet
    uint32_t tid = 0;
    std::optional<uint32_t> uid = {};
    forensics::Via via = forensics::Via::kUnrecorded;

    // "7@1000", "7@-" without a start, "" without a process.
    std::string who() const {
        if (!process) {
            return {};
        }
        const std::string start = process->start_ns == 0 ? "-" : std::to_string(process->start_ns);
        return std::to_string(process->pid) + "@" + start;
    }
};

struct Seen {
    uint64_t number = 0;
    uint64_t offset = 0;
    std::optional<uint64_t> time_ns = {};
    forensics::Interface interface = {};
    pcapng::Direction direction = pcapng::Direction::kUnknown;
    uint32_t wire_length = 0;
    Bytes data = {};
    std::optional<uint64_t> drop_count = {};
    SeenEnd self = {};
    forensics::At self_at = forensics::At::kUnknown;
    SeenEnd peer = {};
};

struct Drained {
    std::vector<Seen> packets;
    std::vector<forensics::Process> processes;
    std::vector<forensics::Interface> interfaces;
    std::string error;
    forensics::Source::Skipped skipped;
};

inline SeenEnd copy(const forensics::End& end) {
    SeenEnd seen;
    if (end.process != nullptr) {
        seen.process = *end.process;
    }
    seen.tid = end.tid;
    seen.uid = end.uid;
    seen.via = end.via;
    return seen;
}

inline Drained drain(pcapng::Result<forensics::Source> opened) {
    Drained drained;
    if (!opened.ok()) {
        drained.error = opened.error().message;
        return drained;
    }
    forensics::Source source = std::move(opened).value();
    for (;;) {
        const pcapng::Result<const forensics::Packet*> next = source.next();
        if (!next.ok()) {
            drained.error = next.error().message;
            const auto again = source.next();
            REQUIRE_FALSE(again.ok());
            REQUIRE(again.error().message == drained.error);
            break;
        }
        if (*next == nullptr) {
            break;
        }
        const forensics::Packet& packet = **next;
        drained.packets.push_back({packet.number, packet.offset, packet.time_ns, *packet.interface,
                                   packet.direction, packet.wire_length,
                                   Bytes(packet.data.begin(), packet.data.end()), packet.drop_count,
                                   copy(packet.self), packet.self_at, copy(packet.peer)});
    }
    drained.processes.assign(source.processes().begin(), source.processes().end());
    drained.skipped = source.skipped();
    drained.interfaces.assign(source.interfaces().begin(), source.interfaces().end());
    return drained;
}

inline Drained drain(const std::string& path) {
    return drain(forensics::Source::open(path));
}
inline Drained drain(std::span<const uint8_t> bytes) {
    return drain(forensics::Source::from_memory(bytes, "f"));
}

}  // namespace test
