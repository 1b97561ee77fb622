// SPDX-License-Identifier: GPL-2.0-only
#include "capture/packet.h"

namespace capture {

const char* via_name(uint8_t via) {
    switch (via) {
        case PIDCAP_VIA_KERNEL:
            return "kernel";
        case PIDCAP_VIA_FORWARDED:
            return "forwarded";
        case PIDCAP_VIA_SOCKET:
            return "socket";
        case PIDCAP_VIA_LOOKUP:
            return "lookup";
        case PIDCAP_VIA_ICMP_ECHO:
            return "icmp-echo";
        case PIDCAP_VIA_ICMP_ERROR:
            return "icmp-error";
        case PIDCAP_VIA_FRAGMENT:
            return "fragment";
        case PIDCAP_VIA_FLOW:
            return "flow";
        case PIDCAP_VIA_CONNTRACK:
            return "conntrack";
        default:
            return "unknown";
    }
}

}  // namespace capture
