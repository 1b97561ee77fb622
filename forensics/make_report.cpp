// SPDX-License-Identifier: GPL-2.0-only
#include <utility>

#include "forensics/report.h"

namespace forensics {

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
