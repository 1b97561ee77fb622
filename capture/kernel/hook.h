// SPDX-License-Identifier: GPL-2.0-only
//
// The points in the kernel where packets can be captured, the programs for them, and the names of
// both. Values only.
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace capture {

enum class Hook {
    kTc,      // on interfaces, at traffic control
    kXdp,     // on interfaces: incoming packets at XDP, the others at traffic control
    kCgroup,  // at sockets
};

// As the option --hook and Wireshark's dialog name them.
inline constexpr std::array<std::pair<std::string_view, Hook>, 3> kHookNames{
    {{"tc", Hook::kTc}, {"xdp", Hook::kXdp}, {"cgroup", Hook::kCgroup}}};

// What the packets of interfaces begin with, as far as programs at interfaces differ by it.
struct LinkLayers {
    bool ethernet = false;
    bool ip = false;  // nothing, so with the IP header
    bool loopback = false;

    static constexpr LinkLayers all() { return {true, true, true}; }
};

// How programs are attached at traffic control.
enum class HookMode {
    kAuto,  // tcx where the kernel has it, else clsact
    kTcx,
    kClsact,
};

// How packets are captured, for people. `mode` has no meaning for Hook::kCgroup.
constexpr const char* attached_by(Hook hook, HookMode mode) {
    const bool clsact = mode == HookMode::kClsact;
    switch (hook) {
        case Hook::kTc:
            return clsact ? "clsact" : "tcx";
        case Hook::kXdp:
            return clsact ? "xdp and clsact" : "xdp and tcx";
        case Hook::kCgroup:
            break;
    }
    return "cgroup";
}

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
