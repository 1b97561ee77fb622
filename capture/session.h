// SPDX-License-Identifier: GPL-2.0-only
//
// Session: one capture from start to end. It loads the programs, records the processes and sockets
// that exist, attaches to interfaces and follows them as they come and go. Each step() then hands
// everything that has happened since the last one to the sink, in order of time.
//
// Owns everything that the capture uses except the sink. One thread; two helper processes look up
// names of users and read /proc (user_names.h, proc_reader.h). open() takes that thread into the
// initial cgroup namespace, where it stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "capture/clock.h"
#include "capture/counts.h"
#include "capture/events/event_choice.h"
#include "capture/events/event_set.h"
#include "capture/events/process_events.h"
#include "capture/events/process_samples.h"
#include "capture/filter/verdicts.h"
#include "capture/hooks/interface_set.h"
#include "capture/kernel/merge.h"
#include "capture/kernel/programs.h"
#include "capture/kernel/read_pace.h"
#include "capture/keys/key_capture.h"
#include "capture/packet_types.h"
#include "capture/processes/end_finder.h"
#include "capture/processes/proc_reader.h"
#include "capture/processes/process_table.h"
#include "packet/event/plaintext.h"
#include "packet/filter/process_filter.h"
#include "packet/filter/process_selections.h"

namespace capture {

class CgroupTree;

struct SessionOptions {
    InterfaceChoice interfaces;  // ignored for Hook::kCgroup
    EventOptions events;
    bool tls_plaintext = false;                        // an event beside them, for capture_keys()
    bool names_addresses = false;                      // Process::container_addresses
    ProgramOptions programs;                           // only_netns and pid_namespace are set by it
    packet::ProcessConditions filter;                  // a pid means the process that has it now
    std::vector<packet::ProcessSelection> selections;  // see Session::unmatched()
    std::optional<uint64_t> count;                     // the most packets to hand to the sink
    std::optional<UserIds> helper_user;                // who the helpers are; none: this user
};

// What the session found at its start, for -v.
struct SessionReport {
    std::string hook;  // see attached_by()
    Tracing tracing = Tracing::kSyscalls;
    size_t processes = 0;
    uint64_t sockets = 0;
    uint64_t shared_sockets = 0;      // held by several processes: no owner until one uses them
    uint64_t unreadable_sockets = 0;  // no permission to read the process, or no memory
};

class Session : private RecordHandler, private ProcessWatcher {
  public:
    // Checks the options against the machine, loads the programs, and records the processes and
    // sockets that exist. Captures no packet yet. Returns an error if the kernel or a missing
    // privilege doesn't allow the capture.
    static Result<std::unique_ptr<Session>> open(const SessionOptions& options);

    // Neither copied nor moved: its members hold pointers to each other.
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Begins to take TLS secrets, and plaintext if SessionOptions want it, of processes that the
    // process filter doesn't leave out, and of this user's only if one is given. Before start(), so
    // that no connection is recorded whose secrets come too early.
    Result<tls::KeyCapture> capture_keys(const std::optional<UserIds>& helper_user,
                                         std::optional<uint32_t> only_uid,
                                         bool takes_secrets) const {
        tls::ProbeSettings settings;
        settings.takes_secrets = takes_secrets;
        if (const EventSource* plaintext = events_.find(std::string(packet::kPlaintextEvent))) {
            settings.plaintext = {programs_.shared_parts(), plaintext->number};
        }
        settings.unwanted = programs_.unwanted_map();
        settings.changes = programs_.changes_map();
        settings.only_uid = only_uid;
        return tls::KeyCapture::start(settings, helper_user);
    }

    // Attaches to the interfaces: packets are captured, or counted, from here on. `sink` must
    // outlive the session.
    Result<void> start(Sink& sink);

    // Returns what the running capture can't do without, found by trying. Call it after start().
    NeededRights needs() const;

    // From here on a process of its own reads /proc, which alone keeps the right to.
    void hand_over_reading();

    // Hands everything up to now to the sink. Returns the number of packets that the rings held, or
    // the sink's error.
    Result<uint64_t> step();

    // Sleeps until there may be something to do, one of `fds` is readable or has hung up, `reader`
    // has hung up, or `timeout_ms` milliseconds have passed. Ignores an fd of -1. Returns true if
    // one of `fds` is readable or one of them or `reader` has hung up. What `reader` sends is
    // ignored.
    Result<bool> wait(const std::vector<int>& fds, int reader, int timeout_ms);

    // Detaches the hooks, hands the remaining packets and the final counters to the sink.
    Result<void> finish();

    // With ProgramOptions::counts: returns what was counted since the last call or start(). Hands
    // everything up to now to the sink, too. The processes are valid until the next call of this
    // or of step(). The kernel waits for its running programs, some tens of milliseconds.
    Result<Counts> take_counts();

    // The processes that are known.
    packet::Ancestry& processes() { return table_; }
    // Returns what /proc shows now of a process, see ProcessTable::stat_of().
    Result<ProcStat> stat_of(uint32_t number) const { return table_.stat_of(number); }

    // Replaces the process filter. The old filter decides on packets up to the call, the new one on
    // packets after its return. Pids mean the processes that have them now; trees and descendants
    // are looked up again. After an error the old filter stays in force.
    Result<void> set_filter(const packet::ProcessConditions& conditions);

    // Returns a filter that judges packets by the processes that this session knows, as the
    // sink gets them; it doesn't change what is captured. A pid means the process that has it now.
    // The session outlives it.
    Result<packet::ProcessFilter> make_filter(const packet::ProcessConditions& conditions);

    // Leaves out packets of this time and later, in nanoseconds since the epoch, as those after the
    // count: they are in no counter.
    void end_at(uint64_t time_ns) { end_ns_ = time_ns; }

    bool count_reached() const { return count_ && captured_ >= *count_; }
    const SessionReport& report() const { return report_; }
    // Returns the selections that no process has matched since the start, see ProcessSelections.
    // Empty after set_filter(), which has others.
    std::vector<std::string> unmatched() const { return selections_.unmatched(); }
    // Returns what the user should know of interfaces and events, such as one that can't be
    // captured, a line each, since the last call.
    std::vector<std::string> take_notices();
    // Returns how many such lines there was no room for.
    uint64_t untold_notices() const { return attachment_->notices().untold(); }
    // Returns how many interfaces and new names were not announced, see InterfaceLedger.
    uint64_t unannounced() const { return attachment_->ledger().unannounced(); }
    const std::vector<packet::Interface>& interfaces() const {
        return attachment_->ledger().list();
    }
    // Indexed by interface id. Includes the drops up to now.
    std::vector<InterfaceCounters> counters() const { return attachment_->ledger().counters(); }
    uint64_t events_lost() const { return programs_.events_lost() + programs_.events_missed(); }
    uint64_t uses_lost() const { return programs_.uses_lost(); }
    // Returns how many events of --event the kernel left out, see EventWriter::missed().
    uint64_t captured_events_missed() const { return events_.missed(); }

  private:
    Session(Programs programs, Merge merge, ProcessTable table, const SessionOptions& options);

    // Opens the attachment, without attaching.
    Result<void> prepare(const SessionOptions& options, const CgroupTree& cgroups);
    Result<void> learn(const packet::ProcessConditions& filter, const CgroupTree& cgroups);
    Result<void> resolve(const packet::ProcessConditions& conditions);
    Result<void> follow_interfaces();

    void changed(const Process& process) override;
    void forgotten(const Process& process, uint64_t start_boot) override;
    void begin() override;
    void event(const pidcap_event& event, std::span<const std::byte> payload) override;
    Result<void> packet(const pidcap_packet& record, std::span<const std::byte> data) override;
    Result<void> start_events();
    void open_samples(const EventOptions& options);
    Result<void> deliver(const pidcap_packet& record, std::span<const std::byte> data);
    void take_samples();
    Result<void> deliver_samples(uint64_t until_mono);

    Result<const packet::Interface*> interface_of(const InterfaceKey& key);
    void refuse(const pidcap_owner& owner, const Process* process);
    std::span<const std::byte> with_vlan_tag(const pidcap_packet& record,
                                             std::span<const std::byte> data);

    Programs programs_;
    Merge merge_;
    Verdicts verdicts_;
    ProcessTable table_;
    EndFinder ends_{table_};
    std::optional<ProcReader> reader_;             // until hand_over_reading()
    EventSet events_;                              // detached before programs_ goes
    std::optional<ProcessEvents> process_events_;  // from the opening on
    std::optional<ProcessSamples> samples_;        // from the opening on, if they are wanted
    std::unique_ptr<Attachment> attachment_;
    packet::ProcessFilter filter_;
    packet::ProcessSelections selections_;
    WallClock clock_;
    ReadPace pace_;
    uint32_t snaplen_;
    std::optional<uint64_t> count_;
    std::optional<uint64_t> end_ns_;
    Sink* sink_ = nullptr;
    SessionReport report_;
    Result<void> event_result_;  // of the sink's process(), returned with the next packet or round
    std::vector<std::byte> tagged_;
    InterfaceKey latest_key_;                    // of the round's latest packet
    const packet::Interface* latest_ = nullptr;  // its interface; null: none yet
    uint64_t captured_ = 0;
    uint64_t counted_mono_ = 0;  // when take_counts() was called last
    uint64_t events_lost_seen_ = 0;
    bool samples_all_ = false;     // processes that the filter wants, not only those with packets
    bool told_full_ = false;       // the user, that the ledger is full
    bool told_unsampled_ = false;  // the user, that there are too many processes to sample
    bool ended_ = false;           // all hooks are detached
};

}  // namespace capture
