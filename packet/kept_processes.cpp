// SPDX-License-Identifier: GPL-2.0-only
#include "packet/kept_processes.h"

namespace packet {

const Packet& KeptProcesses::keep(const Packet& packet) {
    packet_ = packet;
    packet_.self.process = copy_of(packet.self.process);
    packet_.peer.process = copy_of(packet.peer.process);
    return packet_;
}

const Process* KeptProcesses::copy_of(const Process* process) {
    if (process == nullptr) {
        return nullptr;
    }
    Process*& copy = by_number_[process->number];
    if (copy == nullptr) {
        copy = &processes_.emplace_back();
        copy->number = static_cast<uint32_t>(processes_.size() - 1);
    }
    if (copy->version != process->version) {
        const uint32_t number = copy->number;
        *copy = *process;
        copy->number = number;
    }
    return copy;
}

}  // namespace packet
