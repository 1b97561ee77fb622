// SPDX-License-Identifier: GPL-2.0-only
//
// The points in the kernel where packets can be captured, and the programs for them. Values only.
#pragma once

namespace capture {

enum class Hook {
    kTc,      // on interfaces, at traffic control
    kXdp,     // on interfaces: incoming packets at XDP, the others at traffic control
    kCgroup,  // at sockets
};

// One program of a hook, by link type and direction.
enum class HookProgram {
    kEthernetIn,
    kEthernetOut,
    kIpIn,
    kIpOut,
    kLoopback,
    kXdpIn,
    kSocketIn,
    kSocketOut,
};

}  // namespace capture
