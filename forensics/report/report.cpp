// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/report/report.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "forensics/analysis/recorded_ancestry.h"
#include "forensics/report/group_sums.h"
#include "packet/keyed_hash.h"

namespace forensics {
namespace {

constexpr size_t kNamedProcesses = 6;  // of a talker or name

uint64_t bytes_of(const ProcessTraffic& traffic) {
    return traffic.sent.bytes + traffic.received.bytes + traffic.either.bytes;
}

uint64_t bytes_of(const Flow& flow) {
    return flow.sides[0].bytes + flow.sides[1].bytes;
}

// A hostile file can make processes each other's ancestors: one of each ring becomes a root.
void cut_rings(std::vector<ReportProcess>& processes) {
    std::vector<size_t> walk_of(processes.size());  // the walk that came by first, from 1
    for (size_t start = 0; start < processes.size(); ++start) {
        for (size_t at = start; walk_of[at] == 0;) {
            walk_of[at] = start + 1;
            const auto parent = processes[at].parent;
            if (!parent) {
                break;
            }
            if (walk_of[*parent] == start + 1) {
                processes[at].parent.reset();
                break;
            }
            at = *parent;
        }
    }
}

void add_to(ReportGroup& group, const Flow& flow) {
    const auto local = static_cast<size_t>(local_side(flow));
    ++group.flows;
    group.sent += flow.sides[local].bytes;
    group.received += flow.sides[1 - local].bytes;
    if (flow.first_ns && (!group.first_ns || *flow.first_ns < *group.first_ns)) {
        group.first_ns = flow.first_ns;
    }
    const Process* process = process_at(flow, static_cast<int>(local));
    if (process == nullptr || std::find(group.processes.begin(), group.processes.end(), process) !=
                                  group.processes.end()) {
        return;
    }
    if (group.processes.size() == kNamedProcesses) {
        group.more_processes = true;
    } else {
        group.processes.push_back(process);
    }
}

// Calls take(kind, name) for each name of a conversation.
template <typename Take>
void each_name(const Flow& flow, Take take) {
    for (const auto& [kind, name] :
         {std::pair("DNS", flow.dns_name), std::pair("TLS", flow.server_name),
          std::pair("HTTP", flow.http_host)}) {
        if (!name.empty()) {
            take(kind, name);
        }
    }
}

void add_talkers(Report& report, const Flows& flows) {
    const packet::KeyedHash hash;
    GroupSums sums;
    for (const Flow& flow : flows) {
        sums.add(hash(remote_side(flow).address), bytes_of(flow));
    }
    const auto places = sums.largest(kReportTalkers, [](const GroupSum& a, const GroupSum& b) {
        return std::tuple(a.amount, b.place) > std::tuple(b.amount, a.place);
    });
    report.talker_count = sums.size();
    report.talkers.resize(places.size());
    for (const Flow& flow : flows) {
        const Address& address = remote_side(flow).address;
        const auto place = places.find(hash(address));
        if (place == places.end()) {
            continue;
        }
        ReportGroup& talker = report.talkers[place->second];
        talker.address = address;
        add_to(talker, flow);
        each_name(flow, [&](std::string_view, std::string_view name) {
            if (talker.name.empty() && local_side(flow) == 0) {
                talker.name = name;
            }
        });
    }
}

void add_names(Report& report, const Flows& flows) {
    const packet::KeyedHash hash;
    std::string key;
    const auto key_of = [&](std::string_view kind, std::string_view name) {
        key.assign(kind).append(" ").append(name);
        return hash(std::string_view(key));
    };
    GroupSums sums;
    for (const Flow& flow : flows) {
        each_name(flow, [&](const char* kind, std::string_view name) {
            sums.add(key_of(kind, name), bytes_of(flow));
        });
    }
    const auto places = sums.largest(kReportTalkers, [](const GroupSum& a, const GroupSum& b) {
        return std::tuple(a.flows, a.amount, b.place) > std::tuple(b.flows, b.amount, a.place);
    });
    report.name_count = sums.size();
    report.names.resize(places.size());
    for (const Flow& flow : flows) {
        each_name(flow, [&](const char* kind, std::string_view name) {
            const auto place = places.find(key_of(kind, name));
            if (place != places.end()) {
                ReportGroup& group = report.names[place->second];
                group.kind = kind;
                group.name = name;
                add_to(group, flow);
            }
        });
    }
}

ReportLife life_of(const ProcessTraffic& traffic, const ProcessLife& events) {
    const Process& process = *traffic.process;
    ReportLife life{.process = &process,
                    .start_ns = events.fork_ns,
                    .end_ns = events.exit_ns ? events.exit_ns : process.end_ns,
                    .first_ns = traffic.first_ns,
                    .last_ns = traffic.last_ns,
                    .outcome = traffic.outcome};
    if (process.start_ns != 0) {
        life.start_ns = process.start_ns;
    }
    if (events.first_ns) {
        life.first_ns = std::min(life.first_ns.value_or(*events.first_ns), *events.first_ns);
        life.last_ns = std::max(life.last_ns.value_or(*events.last_ns), *events.last_ns);
    }
    return life;
}

// The processes with the most bytes, and of those without any the ones with the most events.
void add_lives(Report& report, const std::deque<ProcessTraffic>& traffic,
               const ProcessLives& lives) {
    using Ranked = std::tuple<uint64_t, uint64_t, const ProcessTraffic*>;
    std::vector<Ranked> ranked;
    for (const ProcessTraffic& of : traffic) {
        if (of.process != nullptr) {
            ranked.emplace_back(bytes_of(of), lives.of(*of.process).events, &of);
        }
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
        return std::pair(std::get<0>(a), std::get<1>(a)) >
               std::pair(std::get<0>(b), std::get<1>(b));
    });
    report.life_count = ranked.size();
    ranked.resize(std::min(ranked.size(), kReportLives));
    for (const auto& [bytes, events, of] : ranked) {
        report.lives.push_back(life_of(*of, lives.of(*of->process)));
    }
    std::stable_sort(report.lives.begin(), report.lives.end(),
                     [](const ReportLife& a, const ReportLife& b) {
                         return a.start_ns.value_or(a.first_ns.value_or(0)) <
                                b.start_ns.value_or(b.first_ns.value_or(0));
                     });
}

}  // namespace

int local_side(const Flow& flow) {
    return flow.sides[0].processes.first() == nullptr && flow.sides[1].processes.first() != nullptr
               ? 1
               : 0;
}

const Side& remote_side(const Flow& flow) {
    return flow.sides[static_cast<size_t>(1 - local_side(flow))];
}

const Process* process_at(const Flow& flow, int side) {
    const Process* process = flow.sides[static_cast<size_t>(side)].processes.main();
    return process != nullptr ? process : flow.either.main();
}

void add_processes(Report& report, const std::deque<Process>& processes,
                   const std::deque<ProcessTraffic>& traffic) {
    std::vector<const ProcessTraffic*> sorted;
    for (const ProcessTraffic& of : traffic) {
        if (of.process != nullptr && of.has_packets()) {
            sorted.push_back(&of);
        }
    }
    report.process_count = sorted.size();
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return bytes_of(*a) > bytes_of(*b); });
    sorted.resize(std::min(sorted.size(), kReportProcesses));

    std::unordered_map<const Process*, size_t> places;
    for (const ProcessTraffic* of : sorted) {
        places.emplace(of->process, report.processes.size());
        report.processes.push_back({.traffic = *of, .parent = {}});
    }
    RecordedAncestry ancestry(processes);
    for (size_t i = 0; i < report.processes.size(); ++i) {  // grows while it runs
        const auto recorded = ancestry.parent_of(*report.processes[i].traffic.process);
        const Process* parent = recorded ? recorded->process : nullptr;
        if (parent == nullptr) {
            continue;
        }
        const auto [place, is_new] = places.emplace(parent, report.processes.size());
        report.processes[i].parent = place->second;
        if (is_new) {
            ReportProcess ancestor;
            ancestor.traffic.process = parent;
            report.processes.push_back(ancestor);
        }
    }
    cut_rings(report.processes);
}

void add_events(Report& report, const ReportedEvents& events,
                const std::deque<ProcessTraffic>& traffic) {
    report.failures = events.sums.failures().largest(kReportTalkers);
    report.failure_count = events.sums.failures().size();
    report.failures_left_out = events.sums.failures().left_out();
    report.drops = events.sums.drops().largest(kReportTalkers);
    report.drop_count = events.sums.drops().size();
    report.drops_left_out = events.sums.drops().left_out();
    report.usage = events.usage.largest(kReportUsage);
    report.usage_count = events.usage.size();
    report.lane = events.lane.bins();
    if (!report.lane.empty()) {
        add_lives(report, traffic, events.lives);
    }
}

void add_flows(Report& report, const Flows& flows) {
    report.flow_count = flows.size();
    std::vector<std::pair<uint64_t, uint64_t>> by_bytes;  // bytes, number
    by_bytes.reserve(flows.size());
    for (const Flow& flow : flows) {
        by_bytes.emplace_back(bytes_of(flow), flow.number);
    }
    const auto kept = std::min(by_bytes.size(), kReportFlows);
    std::partial_sort(by_bytes.begin(), by_bytes.begin() + static_cast<std::ptrdiff_t>(kept),
                      by_bytes.end(), [](const auto& a, const auto& b) {
                          return std::pair(a.first, b.second) > std::pair(b.first, a.second);
                      });
    report.flows.reserve(kept);
    for (size_t i = 0; i < kept; ++i) {
        report.flows.push_back(flows[by_bytes[i].second]);
    }
    by_bytes = {};
    add_talkers(report, flows);
    add_names(report, flows);
    add_handshakes(report, flows);
}

Report make_report(std::string file, const std::deque<Process>& processes, const Analysis& analysis,
                   const Timeline& timeline) {
    Report report;
    report.file = std::move(file);
    report.first_ns = analysis.first_ns();
    report.last_ns = analysis.last_ns();
    report.total = analysis.total();
    report.unattributed = analysis.unattributed();
    report.traffic = timeline.traffic(kReportSeries);
    add_processes(report, processes, analysis.processes());
    add_flows(report, analysis.flows());
    add_questions(report, analysis.questions(), analysis.flows());
    return report;
}

}  // namespace forensics
