// SPDX-License-Identifier: GPL-2.0-only
//
// The content of `pidcap report`'s page. Made from an Analysis once the file is read; points into
// the Analysis and the Source, which outlive it. Each list is cut to its largest entries and has
// the full count beside it. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "forensics/analysis/analysis.h"
#include "forensics/analysis/timeline.h"
#include "forensics/report/event_lane.h"
#include "forensics/report/event_sums.h"
#include "forensics/report/process_lives.h"
#include "forensics/report/process_usage.h"

namespace forensics {

inline constexpr size_t kReportProcesses = 10'000;
inline constexpr size_t kReportFlows = 100'000;
inline constexpr size_t kReportTalkers = 500;  // and as many names, questions, failed handshakes
inline constexpr size_t kReportLives = 1000;   // bars of processes
inline constexpr size_t kReportSeries = 12;    // processes with a colour in the plot
inline constexpr size_t kReportUsage = 40;     // processes with their CPU and memory over time

// Returns which side of the flow to show as the local one: the side that alone has a process, or
// else the side that began.
int local_side(const Flow& flow);

const Side& remote_side(const Flow& flow);

// Returns the process at this side, the one with the most bytes; or else the one whose side isn't
// known; or null.
const Process* process_at(const Flow& flow, int side);

struct ReportProcess {
    ProcessTraffic traffic;        // its process is set
    std::optional<size_t> parent;  // in Report::processes
};

// What many conversations have in common: a remote address, or a name.
struct ReportGroup {
    Address address;        // of a talker
    const char* kind = "";  // of a name: "DNS", "TLS", "HTTP"
    std::string name;       // of a talker: the name of its address, if known
    uint64_t flows = 0;
    uint64_t sent = 0;  // bytes, from the local side
    uint64_t received = 0;
    std::optional<uint64_t> first_ns;
    std::vector<const Process*> processes;  // the first few at the local side
    bool more_processes = false;
};

// What a process asked a DNS server, in all of their conversations.
struct ReportQuestion {
    std::string name;  // in small letters
    uint16_t type = 0;
    const Process* process = nullptr;
    Address server;
    uint64_t asked = 0;
    uint64_t answered = 0;  // these as in DnsQuestion
    uint64_t nonexistent = 0;
    uint64_t failed = 0;
};

// TCP handshakes between a process and an address that failed in the same way.
struct ReportHandshake {
    const Process* process = nullptr;  // at the local side
    Address remote;
    uint16_t port = 0;  // of the side that was to accept
    bool local_began = true;
    Handshake how = Handshake::kNone;
    uint64_t flows = 0;
    std::optional<uint64_t> first_ns;
    std::optional<uint64_t> last_ns;
};

// A process over time. What isn't known has no value.
struct ReportLife {
    const Process* process = nullptr;
    std::optional<uint64_t> start_ns = {};  // when it began
    std::optional<uint64_t> end_ns = {};    // when it ended
    std::optional<uint64_t> first_ns = {};  // its first packet or event
    std::optional<uint64_t> last_ns = {};
    ProcessOutcome outcome = {};
};

struct Report {
    std::string file;
    std::vector<std::string> problems;  // why it isn't all of the file
    std::optional<uint64_t> first_ns;
    std::optional<uint64_t> last_ns;
    Amount total;
    Unattributed unattributed;
    // With traffic, and their ancestors; most bytes first.
    std::vector<ReportProcess> processes;
    uint64_t process_count = 0;        // with traffic, in the file
    std::vector<Flow> flows;           // most bytes first
    uint64_t flow_count = 0;           // in the file
    std::vector<ReportGroup> talkers;  // remote addresses, most bytes first
    uint64_t talker_count = 0;
    std::vector<ReportGroup> names;  // most conversations first
    uint64_t name_count = 0;
    std::vector<ReportQuestion> questions;  // most often asked first
    uint64_t question_count = 0;
    uint64_t questions_left_out = 0;          // how often others were asked
    std::vector<ReportHandshake> handshakes;  // that failed, most conversations first
    uint64_t handshake_count = 0;
    // Of events, as rows: see EventSums.
    std::vector<ReportEvents> failures;
    uint64_t failure_count = 0;
    uint64_t failures_left_out = 0;  // events
    std::vector<ReportEvents> drops;
    uint64_t drop_count = 0;
    uint64_t drops_left_out = 0;
    std::vector<LaneBin> lane;      // all events of the file, in the order of time
    std::vector<ReportLife> lives;  // in the order of their beginnings
    uint64_t life_count = 0;
    std::vector<ProcessUsage::Series> usage;  // of processes that were sampled, most CPU time first
    uint64_t usage_count = 0;                 // in the file
    Timeline::Traffic traffic;
};

// `processes`: all of the Source's.
Report make_report(std::string file, const std::deque<Process>& processes, const Analysis& analysis,
                   const Timeline& timeline);

// Parts of make_report, for callers that have no Analysis.
void add_processes(Report& report, const std::deque<Process>& processes,
                   const std::deque<ProcessTraffic>& traffic);
void add_flows(Report& report, const Flows& flows);
void add_questions(Report& report, const DnsQuestions& questions, const Flows& flows);
void add_handshakes(Report& report, const Flows& flows);  // TCP, that failed

// What the page shows of events. make_report() leaves all of it empty.
struct ReportedEvents {
    EventSums sums;
    EventLane lane;
    ProcessLives lives;
    ProcessUsage usage;

    // For an event: packet::is_event() holds.
    void add(const Packet& event) {
        lives.add(event);
        if (const auto sample = packet::sample_in(event)) {
            usage.add(event, *sample);
        } else {
            sums.add(event);
            lane.add(event);
        }
    }
};

// `traffic`: of all processes with packets or events. Without events there are no lives.
void add_events(Report& report, const ReportedEvents& events,
                const std::deque<ProcessTraffic>& traffic);

}  // namespace forensics
