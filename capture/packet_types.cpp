// SPDX-License-Identifier: GPL-2.0-only
#include "capture/packet_types.h"

namespace capture {

Via via_of_record(uint8_t via) {
    switch (via) {
        case PIDCAP_VIA_KERNEL:
            return Via::kKernel;
        case PIDCAP_VIA_FORWARDED:
            return Via::kForwarded;
        case PIDCAP_VIA_SOCKET:
            return Via::kSocket;
        case PIDCAP_VIA_LOOKUP:
            return Via::kLookup;
        case PIDCAP_VIA_ICMP_ECHO:
            return Via::kIcmpEcho;
        case PIDCAP_VIA_ICMP_ERROR:
            return Via::kIcmpError;
        case PIDCAP_VIA_FRAGMENT:
            return Via::kFragment;
        case PIDCAP_VIA_FLOW:
            return Via::kFlow;
        case PIDCAP_VIA_CONNTRACK:
            return Via::kConntrack;
        case PIDCAP_VIA_TUNNEL:
            return Via::kTunnel;
        case PIDCAP_VIA_EVENT:
            return Via::kEvent;
        default:
            return Via::kUnknown;
    }
}

Direction direction_of_record(uint8_t direction) {
    switch (direction) {
        case PIDCAP_IN:
            return Direction::kInbound;
        case PIDCAP_OUT:
            return Direction::kOutbound;
        default:
            return Direction::kUnknown;
    }
}

ProcessEvent::Type type_of_event(uint32_t type) {
    switch (type) {
        case PIDCAP_EVENT_FORK:
            return ProcessEvent::Type::kFork;
        case PIDCAP_EVENT_EXEC:
            return ProcessEvent::Type::kExec;
        case PIDCAP_EVENT_EXIT:
            return ProcessEvent::Type::kExit;
        default:
            return ProcessEvent::Type::kChange;
    }
}

}  // namespace capture
