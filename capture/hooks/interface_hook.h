// SPDX-License-Identifier: GPL-2.0-only
//
// InterfaceHook: our programs on one interface, in both directions. Destroying it detaches them,
// and nothing that others attached.
//
// tcx (Linux 6.6) and XDP are attached by links, which the kernel removes when their last file
// descriptor is closed, even after SIGKILL. Without tcx, a clsact qdisc is used, which stays behind
// if we are killed.
#pragma once

#include <cstdint>
#include <memory>

#include "capture/kernel/programs.h"
#include "pcapng/result.h"

namespace capture {

// A veth is Ethernet too, but XDP treats it differently.
enum class HookKind { kEthernet, kVeth, kIp, kLoopback };

class InterfaceHook {
  public:
    // Attaches to one interface. kAuto tries tcx, then clsact. With Hook::kXdp, packets that come
    // in on an Ethernet interface are captured at XDP: in the driver if it supports that, else at
    // the generic hook. A veth always uses the generic hook, because its driver would turn
    // segmentation offload off at the other end and queue packets in a ring of VETH_RING_SIZE
    // (256). Returns an error if another XDP program is attached already. `name` is for messages.
    static Result<std::unique_ptr<InterfaceHook>> attach(const Programs& programs, uint32_t ifindex,
                                                         const std::string& name, HookKind kind,
                                                         HookMode mode);
    // Returns true if the kernel attaches these programs, by tcx and XDP, for whoever has their
    // descriptors.
    static bool needs_no_capability(const Programs& programs);

    virtual ~InterfaceHook() = default;
    virtual HookMode mode() const = 0;  // kTcx or kClsact
};

}  // namespace capture
