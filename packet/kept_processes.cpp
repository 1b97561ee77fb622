// SPDX-License-Identifier: GPL-2.0-only
#include "packet/kept_processes.h"

namespace packet {

const Packet& KeptProcesses::keep(const Packet& packet) {
    packet_ = packet;
    packet_.self.process = copy_of(packet.self.process);
    packet_.peer.process = copy_of(packet.peer.process);
    packet_.interface = copy_of(packet.interface);
    return packet_;
}

const Process* KeptProcesses::copy_of(const Process* process) {
    if (process == nullptr) {
        return nullptr;
    }
    Process*& copy = by_number_[process->number];
    if (copy == nullptr && !free_.empty()) {
        copy = free_.back();
        free_.pop_back();
    } else if (copy == nullptr) {
        copy = &processes_.emplace_back();
        copy->number = static_cast<uint32_t>(processes_.size() - 1);
    }
    if (copy->version != process->version) {
        const uint32_t number = copy->number;
        *copy = *process;
        copy->number = number;
        if (copy->host.empty()) {
            copy->host = host_;
        }
    }
    return copy;
}

void KeptProcesses::forget_unless(const std::function<bool(const Process*)>& is_used) {
    std::erase_if(by_number_, [&](const auto& entry) {
        Process* const copy = entry.second;
        if (is_used(copy)) {
            return false;
        }
        const uint32_t number = copy->number;
        *copy = {};
        copy->number = number;
        free_.push_back(copy);
        return true;
    });
}

// What a number names doesn't change.
const Interface* KeptProcesses::copy_of(const Interface* interface) {
    return interface == nullptr
               ? nullptr
               : &interfaces_.try_emplace(interface->number, *interface).first->second;
}

}  // namespace packet
