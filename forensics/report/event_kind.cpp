// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/report/event_kind.h"

#include "forensics/analysis/process_outcome.h"

namespace forensics {

EventKind event_kind(std::string_view name, const std::vector<packet::EventValue>& values) {
    if (name == "drop:packet") {
        return EventKind::kDrop;
    }
    if (name == "process:fork" || name == "process:exec") {
        return EventKind::kStart;
    }
    if (name == "process:exit") {
        return EventKind::kEnd;
    }
    const bool is_call =
        name == "socket:connect" || name == "socket:bind" || name == "socket:listen";
    return is_call && !failure_of(values).empty() ? EventKind::kFailure : EventKind::kOther;
}

}  // namespace forensics
