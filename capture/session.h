// SPDX-License-Identifier: GPL-2.0-only
//
// Session: one capture from start to end. It loads the programs, learns the processes and sockets
// that exist, attaches to interfaces and follows them as they come and go; then each step() hands
// what has happened since, in order of time, to the sink.
//
// Owns everything of the capture but the sink. One thread; nothing runs in the background.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "capture/clock.h"
#include "capture/filter/verdicts.h"
#include "capture/hooks/interface_set.h"
#include "capture/kernel/merge.h"
#include "capture/kernel/programs.h"
#include "capture/kernel/read_pace.h"
#include "capture/packet_types.h"
#include "capture/processes/process_table.h"
#include "packet/filter/process_filter.h"

namespace capture {

class CgroupTree;

struct SessionOptions {
    InterfaceChoice interfaces;        // of no meaning for Hook::kCgroup
    ProgramOptions programs;           // only_netns is set by the session
    packet::ProcessConditions filter;  // its pids are those of the processes that have them now
    std::optional<uint64_t> count;     // packets to hand to the sink at most
};

// What the start found, for those who want to know (-v).
struct SessionReport {
    std::string hook;  // see attached_by()
    Tracing tracing = Tracing::kSyscalls;
    size_t processes = 0;
    uint64_t sockets = 0;
    uint64_t shared_sockets = 0;       // of several processes: without an owner until one uses them
    uint64_t unreadable_sockets = 0;   // of processes that we may not look into, or no memory
    std::vector<std::string> skipped;  // interfaces that can't be captured, with the reason
};

class Session : private RecordHandler {
  public:
    // Checks the options against the machine, loads the programs, and learns the processes and
    // sockets that exist. No packet is captured yet.
    static Result<std::unique_ptr<Session>> open(const SessionOptions& options);

    // Parts of it hold pointers to others.
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Attaches to the interfaces: packets are captured from here on. The sink outlives the session.
    Result<void> start(Sink& sink);

    // Hands over everything up to now. Returns how many packets the rings held.
    Result<uint64_t> step();

    // Sleeps until there may be something to do, one of `fds` (-1 is passed over) is readable or
    // has hung up, or `timeout_ms` is over. Returns whether one of `fds` is.
    Result<bool> wait(const std::vector<int>& fds, int timeout_ms);

    // Takes the hooks off, hands over what is left, and gives the sink the final counters.
    Result<void> finish();

    // Changes whose packets are wanted: those up to the call are handed over by the filter as it
    // was, those after its return by the new one. Pids are those of now; trees and descendants are
    // found anew. After an error the filter is as it was.
    Result<void> set_filter(const packet::ProcessConditions& conditions);

    bool count_reached() const { return count_ && captured_ >= *count_; }
    const SessionReport& report() const { return report_; }
    const std::vector<packet::Interface>& interfaces() const {
        return attachment_->ledger().list();
    }
    // By interface id; drops as of now.
    std::vector<InterfaceCounters> counters() const { return attachment_->ledger().counters(); }
    uint64_t events_lost() const { return programs_.events_lost() + programs_.events_missed(); }
    uint64_t uses_lost() const { return programs_.uses_lost(); }

  private:
    Session(Programs programs, Merge merge, ProcessTable table, const SessionOptions& options);

    // Where packets come from. `cgroup_root`: where cgroup v2 is mounted.
    Result<void> prepare(const SessionOptions& options, const std::string& cgroup_root);
    Result<void> learn(const packet::ProcessConditions& filter, const CgroupTree& cgroups);
    Result<void> resolve(const packet::ProcessConditions& conditions);
    Result<void> follow_interfaces();

    void begin() override;
    void event(const pidcap_event& event, std::span<const std::byte> payload) override;
    Result<void> packet(const pidcap_packet& record, std::span<const std::byte> data) override;

    void refuse(const pidcap_owner& owner, const Process* process);
    End end_of(const Process* process, const pidcap_owner& owner, uint8_t via);
    std::span<const std::byte> with_vlan_tag(const pidcap_packet& record,
                                             std::span<const std::byte> data);

    Programs programs_;
    Merge merge_;
    Verdicts verdicts_;
    ProcessTable table_;
    std::unique_ptr<Attachment> attachment_;
    packet::ProcessFilter filter_;
    WallClock clock_;
    ReadPace pace_;
    uint32_t snaplen_;
    std::optional<uint64_t> count_;
    Sink* sink_ = nullptr;
    SessionReport report_;
    Result<void> event_result_;   // of a sink's process(), returned with the next packet or round
    std::vector<uint32_t> lost_;  // by interface: before packets that weren't wanted
    std::vector<std::byte> tagged_;
    uint64_t captured_ = 0;
    uint64_t events_lost_seen_ = 0;
    bool ended_ = false;  // no hook is on any more
};

}  // namespace capture
