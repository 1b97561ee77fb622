// SPDX-License-Identifier: GPL-2.0-only
//
// Session: one capture from start to end. It loads the programs, learns the processes and sockets
// that exist, attaches to interfaces and follows them as they come and go; then each step() hands
// what has happened since, in order of time, to the sink.
//
// Owns everything of the capture but the sink. One thread; nothing runs in the background.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/hooks/interface_set.h"
#include "capture/kernel/programs.h"
#include "capture/packet.h"
#include "capture/process_filter.h"

namespace capture {

struct SessionOptions {
    InterfaceChoice interfaces;     // of no meaning for Hook::kCgroup
    ProgramOptions programs;        // only_netns is set by the session
    ProcessConditions filter;       // its pids are those of the processes that have them now
    std::optional<uint64_t> count;  // packets to hand to the sink at most
};

// What the start found, for those who want to know (-v).
struct SessionReport {
    std::string hook;  // "tcx", …
    Tracing tracing = Tracing::kSyscalls;
    size_t processes = 0;
    uint64_t sockets = 0;
    uint64_t shared_sockets = 0;       // of several processes: without an owner until one uses them
    uint64_t unreadable_sockets = 0;   // of processes that we may not look into, or no memory
    std::vector<std::string> skipped;  // interfaces that can't be captured, with the reason
};

class Session {
  public:
    // Checks the options against the machine, loads the programs, and learns the processes and
    // sockets that exist. No packet is captured yet.
    static Result<std::unique_ptr<Session>> open(const SessionOptions& options);
    virtual ~Session() = default;

    // Attaches to the interfaces: packets are captured from here on. The sink outlives the session.
    virtual Result<void> start(Sink& sink) = 0;

    // Hands over everything up to now. Returns how many packets the rings held.
    virtual Result<uint64_t> step() = 0;

    // Sleeps until there may be something to do, one of `fds` (-1 is passed over) is readable or
    // has hung up, or `timeout_ms` is over. Returns whether one of `fds` is.
    virtual Result<bool> wait(const std::vector<int>& fds, int timeout_ms) = 0;

    // Takes the hooks off, hands over what is left, and gives the sink the final counters.
    virtual Result<void> finish() = 0;

    // Changes whose packets are wanted: those up to the call are handed over by the filter as it
    // was, those after its return by the new one. Pids are those of now; trees and descendants are
    // found anew. After an error the filter is as it was.
    virtual Result<void> set_filter(const ProcessConditions& conditions) = 0;

    virtual bool count_reached() const = 0;
    virtual const SessionReport& report() const = 0;
    virtual const std::vector<CapturedInterface>& interfaces() const = 0;
    // By interface id; drops as of now.
    virtual std::vector<InterfaceCounters> counters() const = 0;
    virtual uint64_t events_lost() const = 0;
    virtual uint64_t uses_lost() const = 0;
};

}  // namespace capture
