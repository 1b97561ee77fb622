// SPDX-License-Identifier: GPL-2.0-only
//
// Pidcap's own events, by the names under which a user chooses them: process, socket, drop, xdp.
// Stateless.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "capture/events/event_choice.h"
#include "capture/events/event_set.h"
#include "capture/kernel/kernel_types.h"
#include "capture/kernel/shared_parts.h"

namespace capture {

// Returns whether the choices ask for events of processes: then the programs have to describe them
// (ProgramOptions::describes_processes), and the session makes the records (process_events.h).
bool chooses_processes(const EventOptions& options);

// Adds the events of a choice without a colon, and loads what writes them. Returns an error if
// there is no such event or variant, or none has the fields of the choice's condition.
Result<void> add_own_events(const EventChoice& choice, const SharedParts& parts, EventSet& events);

// All own events with their layouts on this kernel, in the order in which they are documented.
std::vector<std::pair<std::string, packet::EventLayout>> own_events(const KernelTypes& kernel);

}  // namespace capture
