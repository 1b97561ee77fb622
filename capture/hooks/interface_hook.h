// SPDX-License-Identifier: GPL-2.0-only
//
// InterfaceHook: our programs on one interface, in both directions. Destroying it takes them off
// again, and nothing that others put there.
//
// tcx (Linux 6.6) by links, which the kernel removes when their last file descriptor is closed,
// SIGKILL included; clsact otherwise: a qdisc that outlives us if we are killed. XDP by links, too.
#pragma once

#include <cstdint>
#include <memory>

#include "capture/kernel/programs.h"
#include "pcapng/result.h"

namespace capture {

// A veth is Ethernet, too.
enum class HookKind { kEthernet, kVeth, kIp, kLoopback };

class InterfaceHook {
  public:
    // kAuto tries tcx, then clsact. With Hook::kXdp what comes in on an Ethernet interface is taken
    // there, in the driver if it can, else by the generic hook, which is also a veth's: its driver
    // would turn segmentation offload off at the other end, and queue in a ring of VETH_RING_SIZE,
    // 256. If another program is there already, that is an error. `name` is for messages.
    static Result<std::unique_ptr<InterfaceHook>> attach(const Programs& programs, uint32_t ifindex,
                                                         const std::string& name, HookKind kind,
                                                         HookMode mode);
    virtual ~InterfaceHook() = default;
    virtual HookMode mode() const = 0;  // kTcx or kClsact
};

}  // namespace capture
