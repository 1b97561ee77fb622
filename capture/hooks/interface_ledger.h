// SPDX-License-Identifier: GPL-2.0-only
//
// InterfaceLedger: the interfaces that an attachment announced to the sink, with their counters.
// One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "capture/kernel/programs.h"
#include "capture/packet_types.h"

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
    InterfaceLedger(const Programs& programs, uint32_t snaplen)
        : programs_(&programs), snaplen_(snaplen) {}

    // Call this before announce(). `sink` must outlive the ledger.
    void begin(Sink& sink) { sink_ = &sink; }

    // Announces a new interface to the sink. `before` holds the kernel's drops under this key from
    // before the interface; they are not counted for it.
    struct Description {
        uint16_t link_type = 0;
        std::string name;
        std::optional<std::array<uint8_t, 6>> mac;
    };
    Result<void> announce(const InterfaceKey& key, Description description,
                          const pidcap_drops& before);

    // Returns the interface that has this key or had it last, or null if none was announced.
    const packet::Interface* find(const InterfaceKey& key) const;

    // Makes the counters of the interface that had this key final. Returns the kernel's counters at
    // this moment, which the successor passes to announce(): with a second reading, a drop between
    // the two would be counted for neither.
    pidcap_drops close(const InterfaceKey& key);

    // Call this when the interface is gone. Its packets may still be in the rings, but all its
    // drops are counted.
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
    std::map<InterfaceKey, uint32_t> ids_;      // the newest id of each key
    std::vector<packet::Interface> announced_;  // by id
    std::vector<InterfaceCounters> counters_;   // by id
    std::vector<pidcap_drops> drops_start_;  // by id: the kernel's counters when it was announced
};

}  // namespace capture
