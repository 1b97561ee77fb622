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
        if (table.has_ancestor(process,
                               [&](const Process& above) { return matches(above, above.uid); })) {
            followed_.insert(process.key);
        }
    });
}

// A child begins as the user that its parent is at this moment.
void ProcessFilter::forked(const Process& child, const ProcessTable& table) {
    if (!conditions_.follow) {
        return;
    }
    const Process* parent = table.parent(child);
    if (parent != nullptr && (followed_.contains(parent->key) || matches(*parent, child.uid))) {
        followed_.insert(child.key);
        forget_unknown(table);
    }
}

void ProcessFilter::forget_unknown(const ProcessTable& table) {
    if (followed_.size() < forget_at_) {
        return;
    }
    std::erase_if(followed_, [&](const ProcessKey& key) { return table.find(key) == nullptr; });
    forget_at_ = std::max(kFollowed, 2 * followed_.size());
}

bool ProcessFilter::matches(const Process& process, uint32_t uid) const {
    return contains_or_empty(conditions_.processes, process.key) &&
           contains_or_empty(conditions_.comms, process.comm) &&
           contains_or_empty(conditions_.uids, uid);
}

bool ProcessFilter::wants(const Process& process, uint32_t uid) const {
    return conditions_.empty() || matches(process, uid) || followed_.contains(process.key);
}

bool ProcessFilter::wants(const Packet& packet) const {
    const auto wants_end = [this](const End& end) {
        return end.process != nullptr && wants(*end.process, end.uid);
    };
    return conditions_.empty() || wants_end(packet.self) ||
           (packet.peer && wants_end(*packet.peer));
}

}  // namespace capture
