// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/select/selection.h"

#include <fmt/format.h>

#include <algorithm>

namespace forensics {

void Selection::begin(const Source& source) {
    ancestry_ = std::make_unique<RecordedAncestry>(source.processes(), &source.changes());
    processes_ = packet::ProcessFilter(conditions_.processes, *ancestry_);
    conditions_.window.begin();
    selections_ = conditions_.selections;
    seen_.clear();
    conditions_.interfaces.begin();
}

// A process changes, so it is looked at again with each version.
void Selection::see(const Process* process) {
    if (process == nullptr || selections_.empty()) {
        return;
    }
    if (process->number >= seen_.size()) {
        seen_.resize(process->number + 1);
    }
    if (seen_[process->number] != process->version) {
        seen_[process->number] = process->version;
        selections_.see(*process);
    }
}

std::vector<std::string> Selection::unmatched(const Source& source) const {
    packet::ProcessSelections selections = selections_;
    const auto& processes = source.processes();
    for (const Process& process : processes) {
        selections.see(process);
    }
    std::vector<std::string> unmatched;
    for (const std::string& option : selections.unmatched()) {
        unmatched.push_back("process that matches " + option);
    }
    const auto any = [&processes](auto has) {
        return std::any_of(processes.begin(), processes.end(), has);
    };
    for (const uint32_t pid : conditions_.pids) {
        if (!any([pid](const Process& process) {
                return process.pid == pid && process.pidns == 0;
            })) {
            unmatched.push_back(fmt::format("process {}", pid));
        }
    }
    for (const uint32_t pid : conditions_.trees) {
        if (!any([pid](const Process& process) {
                return process.pidns == 0 && (process.pid == pid || process.ppid == pid);
            })) {
            unmatched.push_back(fmt::format("process {}", pid));
        }
    }
    return unmatched;
}

bool Selection::wants(const Packet& packet) {
    see(packet.self.process);
    see(packet.peer.process);
    const bool in_window = conditions_.window.contains(packet.time_ns);
    if (!in_window || done()) {
        return false;
    }
    if (packet.interface != nullptr && !conditions_.interfaces.wants(*packet.interface)) {
        return false;
    }
    if (conditions_.filter) {
        if (!conditions_.filter->matches(packet.interface->link_type, packet.data,
                                         packet.wire_length)) {
            return false;
        }
    }
    const bool wanted = processes_.wants(packet);
    wanted_ += wanted ? 1 : 0;
    return wanted;
}

std::vector<std::string> Selection::problems() const {
    return conditions_.filter ? conditions_.filter->problems() : std::vector<std::string>();
}

}  // namespace forensics
