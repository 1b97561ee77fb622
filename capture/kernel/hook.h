// SPDX-License-Identifier: GPL-2.0-only
//
// Where packets are taken, and the program that takes them there. Values only.
#pragma once

namespace capture {

enum class Hook {
    kTc,      // on interfaces, at traffic control
    kXdp,     // on interfaces: what comes in at XDP, the rest at traffic control
    kCgroup,  // at sockets
};

// The program for one hook.
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
