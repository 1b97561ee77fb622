// SPDX-License-Identifier: GPL-2.0-only
//
// Attachment: the hooks that a session's packets come from, on interfaces (InterfaceSet) or on
// sockets (SocketHook). One thread.
#pragma once

#include <sys/capability.h>

#include <cstdint>
#include <string>
#include <vector>

#include "capture/hooks/interface_ledger.h"
#include "capture/hooks/notices.h"
#include "capture/packet_types.h"

namespace capture {

// What a running capture can't do without, once its hooks are on.
struct NeededRights {
    std::vector<cap_value_t> capabilities;
    bool attaches_programs = false;
    bool follows_calls = false;
    bool enters_namespaces = false;
    bool runs_programs = false;  // by BPF_PROG_TEST_RUN
};

class Attachment {
  public:
    virtual ~Attachment() = default;

    // Returns what update(), round_ended() and detach() need, found by trying. Call it after
    // attach().
    virtual NeededRights needs() const = 0;

    // Attaches the hooks. From here on interfaces are announced to `sink`, which must outlive this
    // object.
    virtual Result<void> attach(Sink& sink) = 0;
    virtual void detach() = 0;

    // Call update() when one of these is readable: it follows what changed.
    virtual std::vector<int> fds() const = 0;
    virtual Result<void> update() = 0;

    // Call this when a thread was seen in a network namespace, which may be a new one. `inum` is
    // the namespace's inode number.
    virtual void netns_seen(uint32_t /*inum*/, uint32_t /*tid*/) {}
    // Call this after each round of the rings, with the time. Forgets interfaces that are gone,
    // attaches in new namespaces, and leaves those that only we keep alive.
    virtual Result<void> round_ended(uint64_t /*now_mono*/) { return {}; }

    // Returns the interface of a packet, and announces it if that hasn't happened yet. Returns null
    // only for an interface that we never attached to.
    virtual Result<const packet::Interface*> find_for_packet(const InterfaceKey& key) = 0;
    // Announces interfaces whose packets were all dropped, so that their drops are reported, and
    // one that had no packet if there is none else: tcpdump can't read a file without any. Call it
    // at the end.
    virtual Result<void> announce_dropped() = 0;

    virtual const char* name() const = 0;  // see attached_by()
    virtual Notices& notices() = 0;
    virtual const Notices& notices() const = 0;
    virtual InterfaceLedger& ledger() = 0;
    virtual const InterfaceLedger& ledger() const = 0;
};

}  // namespace capture
