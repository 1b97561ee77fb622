// SPDX-License-Identifier: GPL-2.0-only
#include "capture/process_filter.h"

#include <algorithm>

namespace capture {
namespace {

template <typename T>
bool contains_or_empty(const std::vector<T>& values, const T& value) {
    return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

void ProcessFilter::start(const ProcessTable& table) {
    if (!conditions_.follow) {
        return;
    }
    table.for_each([&](const Process& process) {
        if (table.has_ancestor(process, [&](const Process& above) { return matches(above); })) {
            followed_.insert(process.key);
        }
    });
}

void ProcessFilter::forked(const Process& child, const Process* parent) {
    if (conditions_.follow && parent != nullptr &&
        (followed_.contains(parent->key) || matches(*parent))) {
        followed_.insert(child.key);
    }
}

bool ProcessFilter::matches(const Process& process) const {
    return contains_or_empty(conditions_.processes, process.key) &&
           contains_or_empty(conditions_.comms, process.comm) &&
           contains_or_empty(conditions_.uids, process.uid);
}

bool ProcessFilter::wants(const Process* self, const Process* peer) const {
    if (conditions_.empty()) {
        return true;
    }
    for (const Process* process : {self, peer}) {
        if (process != nullptr && (matches(*process) || followed_.contains(process->key))) {
            return true;
        }
    }
    return false;
}

}  // namespace capture
