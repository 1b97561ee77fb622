// SPDX-License-Identifier: GPL-2.0-only
//
// Attachment: where a session's packets come from, hooks on interfaces (InterfaceSet) or on sockets
// (SocketHook); and InterfaceLedger, what both know of the interfaces: which were announced to the
// sink, and their counters. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/kernel/programs.h"
#include "capture/packet_types.h"

namespace capture {

// An interface's number in its network namespace, as a key.
struct InterfaceKey {
    uint32_t netns = 0;
    uint32_t ifindex = 0;

    InterfaceKey() = default;
    InterfaceKey(const pidcap_interface& interface)
        : netns(interface.netns), ifindex(interface.ifindex) {}
    InterfaceKey(uint32_t netns_, uint32_t ifindex_) : netns(netns_), ifindex(ifindex_) {}
    auto operator<=>(const InterfaceKey&) const = default;
    pidcap_interface wire() const { return {netns, ifindex}; }
};

// As it stands in the file: "eth0", or "blue/eth0" in a network namespace that isn't the current
// one. No interface's own name contains a slash.
std::string interface_name(const std::string& netns_label, const std::string& name);

class InterfaceLedger {
  public:
    InterfaceLedger(const Programs& programs, uint32_t snaplen)
        : programs_(&programs), snaplen_(snaplen) {}

    // From here on interfaces can be announced.
    void begin(Sink& sink) { sink_ = &sink; }

    // A new interface of the capture. `before`: the kernel's drops with this key that aren't its
    // own.
    struct Description {
        uint16_t link_type = 0;
        std::string name;
        std::optional<std::array<uint8_t, 6>> mac;
    };
    Result<void> announce(const InterfaceKey& key, Description description,
                          const pidcap_drops& before);

    // The one that has this key now, or had it last; null: none was announced.
    const packet::Interface* find(const InterfaceKey& key) const;

    // The counters of whatever had this key are final. Returns the kernel's as of now: one look
    // serves both it and its successor, as what is dropped between two would belong to neither.
    pidcap_drops close(const InterfaceKey& key);

    // The interface has gone. Its packets may still be in the rings, its drops are all counted.
    void retire(const InterfaceKey& key);

    InterfaceCounters& count(const packet::Interface& interface) {
        return counters_[interface.number];
    }
    const std::vector<packet::Interface>& list() const { return announced_; }
    std::vector<InterfaceCounters> counters() const;

  private:
    void add_drops(std::vector<InterfaceCounters>& to, uint32_t id, const pidcap_drops& now) const;

    const Programs* programs_;
    uint32_t snaplen_;
    Sink* sink_ = nullptr;
    std::map<InterfaceKey, uint32_t> ids_;      // the newest id
    std::vector<packet::Interface> announced_;  // by id
    std::vector<InterfaceCounters> counters_;   // by id
    std::vector<pidcap_drops> drops_start_;  // by id: the kernel's counters when it was announced
};

class Attachment {
  public:
    virtual ~Attachment() = default;

    // Attaches, and announces to the sink from now on.
    virtual Result<void> attach(Sink& sink) = 0;
    virtual void detach() = 0;

    // When one of these is readable, update() follows what changed.
    virtual std::vector<int> fds() const = 0;
    virtual Result<void> update() = 0;

    // A thread was seen in a network namespace; maybe in a new one.
    virtual void netns_seen(uint32_t /*inum*/, uint32_t /*tid*/) {}
    // Goes into new ones and leaves those that only we keep alive. Call it now and then.
    virtual Result<void> follow_netns(uint64_t /*now_mono*/) { return {}; }

    // The interface that a packet belongs to, announced if it hasn't been yet. Null only for one
    // that is gone without ever having been announced.
    virtual Result<const packet::Interface*> find_for_packet(const InterfaceKey& key) = 0;
    // Interfaces of which every packet was dropped have to be named all the same. Call at the end.
    virtual Result<void> announce_dropped() = 0;

    virtual const char* name() const = 0;  // see attached_by()
    virtual const std::vector<std::string>& skipped() const = 0;
    virtual InterfaceLedger& ledger() = 0;
    virtual const InterfaceLedger& ledger() const = 0;
};

}  // namespace capture
