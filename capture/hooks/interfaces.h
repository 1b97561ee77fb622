// SPDX-License-Identifier: GPL-2.0-only
//
// The network interfaces of the current network namespace, by rtnetlink: what is there, and what
// changes. A monitor stays in the namespace that it was opened in, whatever the thread does later.
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
    std::string name;
    uint16_t arphrd = 0;  // ARPHRD_ of <linux/if_arp.h>: what the device's link layer is
    uint32_t flags = 0;   // IFF_ of <linux/if.h>
    uint32_t mtu = 0;
    std::optional<std::array<uint8_t, 6>> mac;  // none where it is not six bytes or all zero
    std::string kind;  // "veth", "tun", "bridge", …; empty for lo and for most hardware

    bool up() const;       // by the administrator
    bool running() const;  // and by the link: packets can flow
    bool loopback() const;

    bool operator==(const Interface&) const = default;
};

// The LINKTYPE_ (tcpdump group) of the bytes that a tc program sees on such a device: 1 Ethernet,
// 101 raw IP. Nothing for devices whose packets start with anything else: they cannot be captured.
std::optional<uint16_t> link_type(uint16_t arphrd);

// Every interface, by ifindex.
Result<std::vector<Interface>> list_interfaces();

// The mask of the interface's first IPv4 address, in network byte order.
std::optional<uint32_t> netmask_of(const std::string& name);

struct InterfaceEvent {
    enum class Type {
        kAdded,
        kRemoved,  // `interface` is how it was last seen
        kRenamed,  // from `old_name`
        kUp,
        kDown,
        // Changes were lost (the socket's buffer was full). The events that follow in the same
        // answer are the difference to a new list, but an interface that was removed and made again
        // under the same ifindex in between looks unchanged: check what you attached.
        kOverrun,
    };
    Type type;
    Interface interface;
    std::string old_name;
};

// What changed between two states of one interface, by the kernel's messages. A rename and a change
// of state can come in one message.
void append_changes(const Interface& before, const Interface& after,
                    std::vector<InterfaceEvent>& events);

class InterfaceMonitor {
  public:
    // Subscribes, then lists: nothing is missed between interfaces() and the first read().
    static Result<InterfaceMonitor> open();

    int fd() const { return changes_.get(); }  // readable when read() has something to tell
    // The interfaces as of the last read(), by ifindex.
    const std::map<uint32_t, Interface>& interfaces() const { return known_; }
    // What changed since the last call; never blocks, empty when nothing did.
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
