// SPDX-License-Identifier: GPL-2.0-only
//
// Imports the types of packet/ into this namespace, and translates the numbers of bpf/contract.h
// into packet's enums. A record is translated once, where it is read.
#pragma once

#include "bpf/contract.h"
#include "packet/packet.h"
#include "packet/sink.h"
#include "pcapng/result.h"

namespace capture {

using packet::Direction;
using packet::End;
using packet::InterfaceCounters;
using packet::Packet;
using packet::Process;
using packet::ProcessEvent;
using packet::Sink;
using packet::Via;
using pcapng::Error;
using pcapng::Result;

static_assert(packet::kDropCauses == PIDCAP_DROP_CAUSES);

// Returns the pid by which the kernel's programs know the process.
inline uint32_t kernel_pid(const Process& process) {
    return process.host_pid != 0 ? process.host_pid : process.pid;
}

// For a number that the enum doesn't have, the first two return kUnknown, and the third kChange.
Via via_of_record(uint8_t via);
Direction direction_of_record(uint8_t direction);
ProcessEvent::Type type_of_event(uint32_t type);

}  // namespace capture
