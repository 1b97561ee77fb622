// SPDX-License-Identifier: GPL-2.0-only
//
// The types of packet/ by their own names in this folder, and the numbers of bpf/contract.h as
// packet's enums: they are translated here, once, where a record is read.
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

// A number that the enum doesn't have is kUnknown.
Via via_of_record(uint8_t via);
Direction direction_of_record(uint8_t direction);
ProcessEvent::Type type_of_event(uint32_t type);

}  // namespace capture
