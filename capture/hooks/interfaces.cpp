// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/interfaces.h"

#include <ifaddrs.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "capture/hooks/link_message.h"
#include "capture/hooks/rtnetlink.h"
#include "packet/link_type.h"

namespace capture {
namespace {

using Type = InterfaceEvent::Type;

// The most datagrams that one read() takes, so that a storm of changes doesn't starve the packets.
constexpr int kMaxDatagrams = 64;

}  // namespace

bool Interface::up() const {
    return (flags & IFF_UP) != 0;
}

bool Interface::running() const {
    return up() && (flags & IFF_RUNNING) != 0;
}

bool Interface::loopback() const {
    return (flags & IFF_LOOPBACK) != 0;
}

bool Interface::is_called(const std::string& text) const {
    return name == text || std::find(altnames.begin(), altnames.end(), text) != altnames.end();
}

std::optional<uint16_t> link_type(uint16_t arphrd) {
    switch (arphrd) {
        case ARPHRD_ETHER:
        case ARPHRD_LOOPBACK:
            return packet::kLinkTypeEthernet;
        // Layer 3: tc sees the packet from its IP header on, before the driver adds its own. On a
        // GRE device without a fixed remote, outgoing packets start with the outer IP header
        // (ipgre_header() of net/ipv4/ip_gre.c), which is an IP packet as well.
        case ARPHRD_NONE:  // tun, WireGuard, XFRM
        case ARPHRD_RAWIP:
        case ARPHRD_PPP:
        case ARPHRD_SLIP:
        case ARPHRD_CSLIP:
        case ARPHRD_TUNNEL:
        case ARPHRD_TUNNEL6:
        case ARPHRD_SIT:
        case ARPHRD_IPGRE:
        case ARPHRD_IP6GRE:
            return packet::kLinkTypeRaw;
        // Everything else (radiotap and other 802.11 monitors, CAN, InfiniBand, netlink monitors …)
        // has a header of its own. A wrong link type would make a wrong file, so it is refused.
        default:
            return std::nullopt;
    }
}

std::optional<uint32_t> netmask_of(const std::string& text) {
    const auto interfaces = list_interfaces();
    if (!interfaces) {
        return std::nullopt;
    }
    const auto found =
        std::find_if(interfaces->begin(), interfaces->end(),
                     [&text](const Interface& interface) { return interface.is_called(text); });
    ifaddrs* all = nullptr;
    if (found == interfaces->end() || getifaddrs(&all) != 0) {
        return std::nullopt;
    }
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owned(all, freeifaddrs);
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
        if (found->name == one->ifa_name && one->ifa_netmask != nullptr &&
            one->ifa_netmask->sa_family == AF_INET) {
            sockaddr_in mask{};
            std::memcpy(&mask, one->ifa_netmask, sizeof(mask));
            return mask.sin_addr.s_addr;
        }
    }
    return std::nullopt;
}

Result<std::vector<Interface>> list_interfaces() {
    Result<pcapng::Fd> fd = open_rtnetlink(0, 0);
    if (!fd) {
        return fd.error();
    }
    Result<std::map<uint32_t, Interface>> links = list_links(fd->get());
    if (!links) {
        return links.error();
    }
    std::vector<Interface> interfaces;
    interfaces.reserve(links->size());
    for (auto& [ifindex, interface] : *links) {
        interfaces.push_back(std::move(interface));
    }
    return interfaces;
}

void append_changes(const Interface& before, const Interface& after,
                    std::vector<InterfaceEvent>& events) {
    if (before.arphrd != after.arphrd) {
        events.push_back({Type::kRemoved, before, {}});
        events.push_back({Type::kAdded, after, {}});
        return;
    }
    if (before.name != after.name) {
        events.push_back({Type::kRenamed, after, before.name});
    }
    if (before.altnames != after.altnames) {
        events.push_back({Type::kAltnames, after, {}});
    }
    if (before.up() != after.up()) {
        events.push_back({after.up() ? Type::kUp : Type::kDown, after, {}});
    }
}

Result<InterfaceMonitor> InterfaceMonitor::open() {
    Result<pcapng::Fd> changes = open_rtnetlink(RTMGRP_LINK, SOCK_NONBLOCK);
    if (!changes) {
        return changes.error();
    }
    Result<pcapng::Fd> list = open_rtnetlink(0, 0);
    if (!list) {
        return list.error();
    }
    Result<std::map<uint32_t, Interface>> links = list_links(list->get());
    if (!links) {
        return links.error();
    }
    InterfaceMonitor monitor(*std::move(changes), *std::move(list));
    monitor.known_ = *std::move(links);
    return monitor;
}

Result<std::vector<InterfaceEvent>> InterfaceMonitor::read() {
    std::vector<InterfaceEvent> events;
    RtnetlinkBuffer buffer;
    for (int datagrams = 0; datagrams < kMaxDatagrams; ++datagrams) {
        const auto datagram = buffer.receive(changes_.get());
        if (datagram) {
            take(*datagram, events);
        } else if (datagram.error().code == EAGAIN) {
            break;
        } else if (datagram.error().code == ENOBUFS) {
            if (Result<void> listed = list_again(events); !listed) {
                return listed.error();
            }
        } else {
            return datagram.error();
        }
    }
    return events;
}

void InterfaceMonitor::take(std::span<const std::byte> datagram,
                            std::vector<InterfaceEvent>& events) {
    int left = static_cast<int>(datagram.size());
    const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
        std::optional<Interface> link = parse_link(message);
        if (!link) {
            continue;
        }
        const uint32_t ifindex = link->ifindex;
        const auto known = known_.find(ifindex);
        if (message->nlmsg_type == RTM_DELLINK) {
            if (known != known_.end()) {
                events.push_back({Type::kRemoved, std::move(known->second), {}});
                known_.erase(known);
            }
        } else if (known == known_.end()) {
            events.push_back({Type::kAdded, *link, {}});
            known_.emplace(ifindex, *std::move(link));
        } else {
            append_changes(known->second, *link, events);
            known->second = *std::move(link);
        }
    }
}

Result<void> InterfaceMonitor::list_again(std::vector<InterfaceEvent>& events) {
    Result<std::map<uint32_t, Interface>> links = list_links(list_.get());
    if (!links) {
        return links.error();
    }
    events.push_back({Type::kOverrun, {}, {}});
    for (const auto& [ifindex, before] : known_) {
        if (!links->contains(ifindex)) {
            events.push_back({Type::kRemoved, before, {}});
        }
    }
    for (const auto& [ifindex, after] : *links) {
        const auto before = known_.find(ifindex);
        if (before == known_.end()) {
            events.push_back({Type::kAdded, after, {}});
        } else {
            append_changes(before->second, after, events);
        }
    }
    known_ = *std::move(links);
    return {};
}

}  // namespace capture
