// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/report/report.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "forensics/analysis/recorded_ancestry.h"

namespace forensics {
namespace {

constexpr size_t kNamedProcesses = 6;  // of a talker or name

uint64_t bytes_of(const ProcessTraffic& traffic) {
    return traffic.sent.bytes + traffic.received.bytes + traffic.either.bytes;
}

uint64_t bytes_of(const Flow& flow) {
    return flow.sides[0].bytes + flow.sides[1].bytes;
}

uint64_t bytes_of(const ReportGroup& group) {
    return group.sent + group.received;
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
    const Process* process = flow.sides[local].processes.main();
    if (process == nullptr) {
        process = flow.either.main();
    }
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

template <typename Groups, typename Before>
std::vector<ReportGroup> largest(Groups& groups, Before before) {
    std::vector<ReportGroup> sorted;
    sorted.reserve(groups.size());
    for (auto& [key, group] : groups) {
        sorted.push_back(std::move(group));
    }
    std::sort(sorted.begin(), sorted.end(), before);
    sorted.resize(std::min(sorted.size(), kReportTalkers));
    return sorted;
}

}  // namespace

int local_side(const Flow& flow) {
    return flow.sides[0].processes.first() == nullptr && flow.sides[1].processes.first() != nullptr
               ? 1
               : 0;
}

void add_processes(Report& report, const std::deque<Process>& processes,
                   const std::vector<ProcessTraffic>& traffic) {
    std::vector<ProcessTraffic> sorted;
    for (const ProcessTraffic& of : traffic) {
        if (of.process != nullptr) {
            sorted.push_back(of);
        }
    }
    report.process_count = sorted.size();
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return bytes_of(a) > bytes_of(b); });
    sorted.resize(std::min(sorted.size(), kReportProcesses));

    std::unordered_map<const Process*, size_t> places;
    for (const ProcessTraffic& of : sorted) {
        places.emplace(of.process, report.processes.size());
        report.processes.push_back({.traffic = of, .parent = {}});
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

constexpr const char* kQuestion = "DNS question";

void add_flows(Report& report, const std::deque<Flow>& flows) {
    std::map<std::string, ReportGroup> talkers;
    std::map<std::pair<std::string_view, std::string_view>, ReportGroup> names;
    report.flow_count = flows.size();
    for (const Flow& flow : flows) {
        report.flows.push_back(&flow);
        const Side& remote = flow.sides[static_cast<size_t>(1 - local_side(flow))];
        const auto& bytes = remote.address.bytes;
        ReportGroup& talker = talkers[{bytes.begin(), bytes.begin() + remote.address.length}];
        talker.address = remote.address;
        add_to(talker, flow);
        for (const auto& [kind, name] :
             {std::pair("DNS", flow.dns_name), std::pair("TLS", flow.server_name),
              std::pair("HTTP", flow.http_host), std::pair(kQuestion, flow.dns_question)}) {
            if (name.empty()) {
                continue;
            }
            // What a server is asked for is not its own name.
            if (talker.name.empty() && local_side(flow) == 0 && kind != kQuestion) {
                talker.name = name;
            }
            ReportGroup& group = names[{kind, name}];
            group.kind = kind;
            group.name = name;
            add_to(group, flow);
        }
    }
    const auto kept = std::min(report.flows.size(), kReportFlows);
    std::partial_sort(
        report.flows.begin(), report.flows.begin() + static_cast<std::ptrdiff_t>(kept),
        report.flows.end(), [](const Flow* a, const Flow* b) {
            return std::pair(bytes_of(*a), b->number) > std::pair(bytes_of(*b), a->number);
        });
    report.flows.resize(kept);
    report.talker_count = talkers.size();
    report.talkers = largest(talkers, [](const ReportGroup& a, const ReportGroup& b) {
        return bytes_of(a) > bytes_of(b);
    });
    report.name_count = names.size();
    report.names = largest(names, [](const ReportGroup& a, const ReportGroup& b) {
        return std::pair(a.flows, bytes_of(a)) > std::pair(b.flows, bytes_of(b));
    });
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
    return report;
}

}  // namespace forensics
