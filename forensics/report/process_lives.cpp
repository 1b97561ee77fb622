// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/report/process_lives.h"

#include <algorithm>

namespace forensics {

void ProcessLives::add(const Packet& event) {
    const Process* process =
        event.self.process != nullptr ? event.self.process : event.peer.process;
    if (process == nullptr) {
        return;
    }
    if (lives_.size() <= process->number) {
        lives_.resize(process->number + 1);
    }
    ProcessLife& life = lives_[process->number];
    ++life.events;
    if (!event.time_ns) {
        return;
    }
    life.first_ns = std::min(life.first_ns.value_or(*event.time_ns), *event.time_ns);
    life.last_ns = std::max(life.last_ns.value_or(*event.time_ns), *event.time_ns);
    if (event.interface->name == "process:fork") {
        life.fork_ns = event.time_ns;
    } else if (event.interface->name == "process:exit") {
        life.exit_ns = event.time_ns;
    }
}

ProcessLife ProcessLives::of(const Process& process) const {
    return process.number < lives_.size() ? lives_[process.number] : ProcessLife();
}

}  // namespace forensics
