// SPDX-License-Identifier: GPL-2.0-only
//
// The events that a capture takes, from how a user names them. Stateless.
#pragma once

#include "capture/events/event_choice.h"
#include "capture/events/event_set.h"
#include "capture/kernel/shared_parts.h"

namespace capture {

// Loads what writes the events, without attaching. An error names the event.
Result<EventSet> open_events(const EventOptions& options, const SharedParts& parts);

}  // namespace capture
