// SPDX-License-Identifier: GPL-2.0-only
//
// KeptProcesses: copies of the processes and interfaces that packets name. A running capture
// forgets a process some time after its end; what is made of the packets (tables, a report) points
// to the copies instead, which live as long as this object. Memory grows with both, unless
// processes are forgotten. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "packet/packet.h"

namespace packet {

class KeptProcesses {
  public:
    // `host`: that processes ran on which name none.
    explicit KeptProcesses(std::string host = {}) : host_(std::move(host)) {}

    // Returns the packet with its processes, which are brought up to date, and its interface
    // replaced by copies. Valid until the next call and no longer than `packet`.
    const Packet& keep(const Packet& packet);

    // Empties the copies for which `is_used` is false and takes them for other processes later. A
    // process that a packet names again after that has another copy.
    void forget_unless(const std::function<bool(const Process*)>& is_used);

    // How many processes there are copies of.
    size_t size() const { return by_number_.size(); }

    // By number: the copies are numbered anew, in the order in which packets named them.
    const std::deque<Process>& processes() const { return processes_; }

  private:
    const Process* copy_of(const Process* process);
    const Interface* copy_of(const Interface* interface);

    std::string host_;
    std::deque<Process> processes_;
    std::vector<Process*> free_;
    std::unordered_map<uint32_t, Interface> interfaces_;  // by number; nodes don't move
    std::unordered_map<uint32_t, Process*> by_number_;    // the source's
    Packet packet_;
};

}  // namespace packet
