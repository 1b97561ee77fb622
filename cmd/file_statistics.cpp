// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/file_statistics.h"

#include <algorithm>

namespace cmd {

using capture::Result;
using packet::InterfaceCounters;

InterfaceCounters losses_since(const InterfaceCounters& before, const InterfaceCounters& now) {
    InterfaceCounters since;
    since.filtered = now.filtered - before.filtered;
    for (size_t cause = 0; cause < packet::kDropCauses; cause++) {
        since.dropped[cause] = now.dropped[cause] - before.dropped[cause];
    }
    return since;
}

bool any(const InterfaceCounters& counters) {
    return counters.captured > 0 || counters.filtered > 0 ||
           std::any_of(counters.dropped.begin(), counters.dropped.end(),
                       [](uint64_t count) { return count > 0; });
}

Result<void> finish_file(capture::FileSink& sink, const std::deque<packet::Interface>& interfaces,
                         const std::vector<InterfaceCounters>& counters) {
    bool none = true;
    for (const packet::Interface& interface : interfaces) {
        if (interface.number < counters.size() && any(counters[interface.number])) {
            none = false;
            if (auto introduced = sink.interface(interface); !introduced) {
                return introduced;
            }
        }
    }
    if (none && !interfaces.empty()) {
        if (auto introduced = sink.interface(interfaces.front()); !introduced) {
            return introduced;
        }
    }
    return sink.finish(counters);
}

}  // namespace cmd
