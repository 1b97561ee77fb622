// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/select/selection.h"

#include <algorithm>

namespace forensics {

using pcapng::Result;

void Selection::begin(const Source& source) {
    ancestry_ = std::make_unique<RecordedAncestry>(source.processes(), &source.changes());
    processes_ = packet::ProcessFilter(conditions_.processes, *ancestry_);
    conditions_.window.begin();
    conditions_.interfaces.begin();
}

std::vector<uint32_t> Selection::unknown_trees(const Source& source) const {
    std::vector<uint32_t> unknown;
    const auto& processes = source.processes();
    for (const uint32_t pid : conditions_.trees) {
        const bool known = std::any_of(
            processes.begin(), processes.end(),
            [pid](const Process& process) { return process.pid == pid || process.ppid == pid; });
        if (!known) {
            unknown.push_back(pid);
        }
    }
    return unknown;
}

Result<bool> Selection::wants(const Packet& packet) {
    const bool in_window = conditions_.window.contains(packet.time_ns);
    if (!in_window || done()) {
        return false;
    }
    if (packet.interface != nullptr && !conditions_.interfaces.wants(*packet.interface)) {
        return false;
    }
    if (conditions_.filter) {
        const auto matches = conditions_.filter->matches(packet.interface->link_type, packet.data,
                                                         packet.wire_length);
        if (!matches || !*matches) {
            return matches;
        }
    }
    const bool wanted = processes_.wants(packet);
    wanted_ += wanted ? 1 : 0;
    return wanted;
}

}  // namespace forensics
