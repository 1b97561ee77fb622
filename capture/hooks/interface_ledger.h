// SPDX-License-Identifier: GPL-2.0-only
//
// InterfaceLedger: the interfaces that an attachment announced to the sink, with their counters.
// One thread.
//
// Who may make interfaces (any user, in a namespace of his own) decides how many there are, so
// their number is bounded. When it is reached, a renamed interface goes on under the name that it
// had, and any other under "(other interfaces)": no packet is lost.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/kernel/drop_counters.h"
#include "capture/packet_types.h"
#include "pcapng/parse.h"
#include "pcapng/result.h"

namespace capture {

// Identifies an interface: its network namespace and its index there.
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

// Returns an interface's name as the file has it: "eth0", or "blue/eth0" in a network namespace
// that isn't the current one. This is unambiguous, because the kernel allows no slash in an
// interface's name.
std::string interface_name(const std::string& netns_label, const std::string& name);

class InterfaceLedger {
  public:
    // No interface has this name: the kernel allows no space in one.
    static constexpr const char* kOthers = "(other interfaces)";
    // One of each link type (Ethernet, raw IP) may be added for the others.
    static constexpr size_t kMost = pcapng::kMaxWrittenInterfaces - 2;

    // At most `most` interfaces are announced, besides "(other interfaces)".
    InterfaceLedger(DropCounters drops, uint32_t snaplen, size_t most)
        : drops_(drops), snaplen_(snaplen), most_(most) {}

    // Call this before announce(). `sink` must outlive the ledger.
    void begin(Sink& sink) { sink_ = &sink; }

    struct Description {
        uint16_t link_type = 0;
        std::string name;
        std::optional<std::array<uint8_t, 6>> mac;
        std::shared_ptr<const packet::EventLayout> event = {};  // see packet::Interface
    };
    // Announces an interface to the sink, or what it is now: a new name is a new interface, because
    // one that is announced doesn't change. Returns the interface that the packets with this key
    // belong to from here on: it is an earlier one if nothing has changed or the ledger is full.
    Result<const packet::Interface*> announce(const InterfaceKey& key, Description description);

    // Announces an event as an interface, whatever their number. Its key has the netns 0.
    Result<void> announce_event(const InterfaceKey& key, const std::string& name,
                                std::shared_ptr<const packet::EventLayout> layout);

    size_t most() const { return most_; }
    bool full() const { return own_ >= most_; }
    // Returns "(other interfaces)" of this link type, and announces it if that hasn't happened yet.
    Result<const packet::Interface*> others(uint16_t link_type);
    // How many interfaces and names were not announced because the ledger was full.
    uint64_t unannounced() const { return unannounced_; }

    // Returns the interface that has this key or had it last, or null if none was announced. Valid
    // until the next call of announce() or others().
    const packet::Interface* find(const InterfaceKey& key) const;

    // Call this when the interface is gone. Its packets may still be in the rings, but all its
    // drops are counted.
    void retire(const InterfaceKey& key);
    // Call this when none of its packets is left.
    void forget(const InterfaceKey& key);

    // Returns true if the kernel has dropped packets of an interface that was never announced.
    bool has_unannounced_drops(const InterfaceKey& key) const;

    // Announces "(other interfaces)" of this link type if the kernel has dropped packets of
    // interfaces that it keeps no counters for. Its counters have those drops.
    Result<void> announce_others_dropped(uint16_t link_type);

    InterfaceCounters& count(const packet::Interface& interface) {
        return counters_[interface.number];
    }
    // The losses before the next packet of the interface, which tells of them.
    uint32_t& lost(const packet::Interface& interface) { return lost_[interface.number]; }
    // The process filter refused a packet, which reported `lost` packets before it. This doesn't
    // announce the interface.
    void refused(const InterfaceKey& key, uint32_t lost);

    const std::vector<packet::Interface>& list() const { return announced_; }
    std::vector<InterfaceCounters> counters() const;

  private:
    struct Current {
        uint32_t id = 0;
        // The kernel's drops that are in the counters, of this interface or its predecessor.
        pidcap_drops counted{};
        bool retired = false;
    };
    struct Refused {
        uint64_t packets = 0;
        uint32_t lost = 0;
    };

    const Current* current(const InterfaceKey& key) const;
    Result<uint32_t> id_for(const Current* before, Description description);
    Result<uint32_t> add(Description description);
    static void add_drops(InterfaceCounters& to, const pidcap_drops& now,
                          const pidcap_drops& counted);

    DropCounters drops_;
    uint32_t snaplen_;
    size_t most_;
    Sink* sink_ = nullptr;
    size_t own_ = 0;            // of announced_: all but the others
    uint64_t unannounced_ = 0;  // see unannounced()
    std::map<InterfaceKey, Current> current_;
    std::map<uint16_t, uint32_t> others_;       // by link type
    std::map<InterfaceKey, Refused> refused_;   // of interfaces that aren't announced yet
    std::vector<packet::Interface> announced_;  // by id
    std::vector<InterfaceCounters> counters_;   // by id
    std::vector<uint32_t> lost_;                // by id
};

}  // namespace capture
