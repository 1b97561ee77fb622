// SPDX-License-Identifier: GPL-2.0-only
//
// EventSet: the events of one capture, with their numbers, and what writes them. A record of an
// event comes through the packet rings (bpf/event_record.h); its bytes are laid out as the event's
// layout says. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "capture/hooks/expedited_rcu.h"
#include "packet/event/event_condition.h"
#include "packet/event/layout.h"
#include "pcapng/result.h"

namespace capture {

using pcapng::Error;
using pcapng::Result;

// Programs that write records of events. Destroying it detaches them, for which the kernel waits up
// to 80 ms; several threads may destroy writers at the same time.
class EventWriter {
  public:
    virtual ~EventWriter() = default;
    // From here on it writes. The capture holds all rights that it began with.
    virtual Result<void> attach() = 0;
    // Returns how many events the kernel left out because another program of its kind was running
    // on the same CPU, as far as it counts them.
    virtual uint64_t missed() const { return 0; }
    // Returns what the user should know of events that can't be recorded, a line each, since the
    // last call.
    virtual std::vector<std::string> take_notices() { return {}; }
};

struct EventSource {
    uint32_t number = 0;  // from 1: the `ifindex` of its records, whose `netns` is 0
    std::string name;     // "tcp:tcp_retransmit_skb", "process:exec"
    std::shared_ptr<const packet::EventLayout> layout;
    std::optional<packet::EventCondition> condition = {};  // only its records are taken
    // Adds to a record what its writer couldn't; empty: nothing.
    std::function<void(std::vector<uint8_t>& record)> complete = {};
};

class EventSet {
  public:
    // More than all tracepoints of a kernel.
    static constexpr size_t kMost = 4096;

    // Adds an event and returns its number. Returns an error if there are too many, or there is one
    // of this name already.
    Result<uint32_t> add(std::string name, packet::EventLayout layout,
                         std::optional<packet::EventCondition> condition = {});
    // Has each record of this event completed before its condition is asked.
    void complete(uint32_t number, std::function<void(std::vector<uint8_t>& record)> by) {
        sources_[number - 1].complete = std::move(by);
    }
    // Returns the source of this name, or null.
    const EventSource* find(const std::string& name) const;
    // Null for a number that no event has.
    const EventSource* at(uint32_t number) const;
    const std::vector<EventSource>& sources() const { return sources_; }

    // Returns the record as a frame, valid until the next call; without addresses of the kernel,
    // unless they were asked for. Returns nullopt if its condition doesn't hold, or there is no
    // such event.
    std::optional<std::span<const uint8_t>> frame(uint32_t number,
                                                  std::span<const std::byte> record);
    // Returns how many records of the event were lost before this one, beside those that were
    // returned for another. `lost` is how many were lost on this CPU so far, modulo 2^32.
    uint32_t newly_lost(uint32_t number, uint32_t cpu, uint32_t lost);
    void keep_kernel_addresses() { keeps_addresses_ = true; }

    void keep(std::unique_ptr<EventWriter> writer) { writers_.push_back(std::move(writer)); }
    Result<void> attach();
    // Afterwards no program writes any more.
    void detach();
    uint64_t missed() const;
    // Returns those of the writers, see EventWriter.
    std::vector<std::string> take_notices();

  private:
    std::vector<EventSource> sources_;  // by number, from 1
    std::vector<std::unique_ptr<EventWriter>> writers_;
    uint64_t missed_ = 0;  // of those that are detached
    bool keeps_addresses_ = false;
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> lost_;  // by event and CPU, if there are any
    RcuSettings rcu_settings_;
    std::vector<uint8_t> record_;
    std::vector<uint8_t> frame_;
};

}  // namespace capture
