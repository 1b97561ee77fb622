// SPDX-License-Identifier: GPL-2.0-only
//
// Lists the interfaces of the current network namespace by rtnetlink, and reports their changes. A
// monitor stays with the namespace that it was opened in, even if the thread enters another one.
// Interface and InterfaceEvent are passive data; one thread uses a monitor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

using pcapng::Result;

struct Interface {
    uint32_t ifindex = 0;
    std::string name;                   // IFLA_IFNAME
    std::vector<std::string> altnames;  // IFLA_ALT_IFNAME: other names for the same device
    uint16_t arphrd = 0;                // ARPHRD_ of <linux/if_arp.h>: the device's link layer
    uint32_t flags = 0;                 // IFF_ of <linux/if.h>
    uint32_t mtu = 0;
    std::optional<std::array<uint8_t, 6>> mac;  // none if it isn't six bytes long, or all zero
    std::string kind;  // "veth", "tun", "bridge", …; empty for lo and for most hardware

    bool up() const;       // IFF_UP: enabled by the administrator
    bool running() const;  // up, and the link too: packets can flow
    bool loopback() const;
    bool is_called(const std::string& text) const;  // by any of its names

    bool operator==(const Interface&) const = default;
};

// Returns the LINKTYPE_ (tcpdump.org) of the bytes that a tc program sees on such a device: 1
// Ethernet, 101 raw IP. Returns nothing for devices whose packets start with any other header: they
// can't be captured.
std::optional<uint16_t> link_type(uint16_t arphrd);

// Returns all interfaces, sorted by ifindex.
Result<std::vector<Interface>> list_interfaces();

// Returns the netmask of the first IPv4 address of the interface with this name or altname,
// in network byte order, or nothing if it has none.
std::optional<uint32_t> netmask_of(const std::string& text);

struct InterfaceEvent {
    enum class Type {
        kAdded,
        kRemoved,   // `interface` is its last known state
        kRenamed,   // was `old_name`
        kAltnames,  // has other altnames
        kUp,
        kDown,
        // Changes were lost, because the socket's buffer was full. The events that follow in the
        // same answer are the difference to a new list. An interface that was removed and created
        // again under the same ifindex in between looks unchanged: check that your hooks are still
        // attached.
        kOverrun,
    };
    Type type;
    Interface interface;
    std::string old_name;
};

// Appends what changed between two states of one interface. One message of the kernel can carry
// both a rename and a change of state. An interface whose link layer has changed (a WLAN in monitor
// mode, a bond's first port) is another one: removed and added.
void append_changes(const Interface& before, const Interface& after,
                    std::vector<InterfaceEvent>& events);

class InterfaceMonitor {
  public:
    // Subscribes, then lists: nothing is missed between interfaces() and the first read().
    static Result<InterfaceMonitor> open();

    int fd() const { return changes_.get(); }  // readable when read() has events
    // The interfaces as of the last read(), by ifindex.
    const std::map<uint32_t, Interface>& interfaces() const { return known_; }
    // Returns what changed since the last call; empty if nothing did. Never blocks.
    Result<std::vector<InterfaceEvent>> read();

  private:
    InterfaceMonitor(pcapng::Fd changes, pcapng::Fd list)
        : changes_(std::move(changes)), list_(std::move(list)) {}
    void take(std::span<const std::byte> datagram, std::vector<InterfaceEvent>& events);
    Result<void> list_again(std::vector<InterfaceEvent>& events);

    pcapng::Fd changes_;  // subscribed to RTMGRP_LINK, non-blocking
    pcapng::Fd list_;     // opened with it, so that a new list is of the same namespace
    std::map<uint32_t, Interface> known_;
};

}  // namespace capture
