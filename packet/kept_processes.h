// SPDX-License-Identifier: GPL-2.0-only
//
// KeptProcesses: copies of the processes that packets name. A running capture forgets a process
// some time after its end; what is made of the packets (tables, a report) points to the copies
// instead, which live as long as this object. Memory grows with the processes. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "packet/packet.h"

namespace packet {

class KeptProcesses {
  public:
    // Returns the packet with its processes replaced by up-to-date copies. Valid until the next
    // call and no longer than `packet`.
    const Packet& keep(const Packet& packet);

    // By number: the copies are numbered anew, in the order in which packets named them.
    const std::deque<Process>& processes() const { return processes_; }

  private:
    const Process* copy_of(const Process* process);

    std::deque<Process> processes_;
    std::unordered_map<uint32_t, Process*> by_number_;  // the source's
    Packet packet_;
};

}  // namespace packet
