// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessEvents: the own events of processes, made of what the kernel's programs report of every
// process anyway (bpf/process.bpf.c). One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "bpf/contract.h"
#include "capture/events/event_set.h"
#include "packet/event/record.h"
#include "packet/process.h"

namespace capture {

// "process:exec", "process:fork", "process:exit".
std::vector<std::pair<const char*, packet::EventLayout>> process_event_layouts();

class ProcessEvents {
  public:
    // The events of `events` that are of processes; it may be none.
    explicit ProcessEvents(const EventSet& events);

    // A record as the kernel's programs would have written it. The bytes are valid until the next
    // call.
    struct Record {
        pidcap_packet header;
        std::span<const std::byte> bytes;
    };
    // Returns nothing for an event that isn't taken. `process`: as it is after the event.
    std::optional<Record> record(const pidcap_event& event, std::span<const std::byte> payload,
                                 const packet::Process& process);

  private:
    struct Taken {
        uint32_t number = 0;
        packet::EventRecord record;
    };
    static std::optional<Taken> take(const EventSet& events, const char* name);
    std::optional<Taken>* taken(uint32_t type);

    std::optional<Taken> exec_;
    std::optional<Taken> fork_;
    std::optional<Taken> exit_;
};

}  // namespace capture
