// SPDX-License-Identifier: GPL-2.0-only
//
// The network namespaces of an InterfaceSet: those at the start, and with "all" those that come and
// go.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>
#include <utility>

#include "capture/hooks/descriptor_limit.h"
#include "capture/hooks/interface_set.h"
#include "packet/line/terminal_text.h"

namespace capture {

Result<void> InterfaceSet::open_places() {
    if (choice_.netns.empty()) {
        auto own = current_netns();
        return own.ok() ? add_place(*std::move(own), true) : std::move(own).error();
    }
    for (const std::string& text : choice_.netns) {
        if (text == kAllNetns) {
            continue;
        }
        auto netns = open_netns(text);
        if (!netns) {
            return std::move(netns).error();
        }
        if (auto added = add_place(*std::move(netns), true); !added) {
            return added;
        }
    }
    if (!all_netns_) {
        return {};
    }
    auto list = list_netns();
    if (!list) {
        return std::move(list).error();
    }
    for (Netns& netns : *list) {
        const std::string label = netns.label;
        if (auto added = add_place(std::move(netns), label.empty()); !added) {
            if (added.error().code == EMFILE) {
                return added;
            }
            skip(added.error().message);
        }
    }
    return {};
}

Result<void> InterfaceSet::add_place(Netns netns, bool named) {
    if (const auto known = places_.find(netns.inum); known != places_.end()) {
        known->second.named |= named;
        return {};
    }
    if (!leaves_descriptors()) {
        return out_of_descriptors(
            fmt::format("enter network namespace {}", packet::printable(netns.label)));
    }
    auto inside = NetnsEntry::enter(netns);
    if (!inside) {
        return std::move(inside).error();
    }
    auto monitor = InterfaceMonitor::open();
    if (!monitor) {
        return std::move(monitor).error();
    }
    const uint32_t inum = netns.inum;
    Place place{std::move(netns), *std::move(monitor), named};
    if (wants_promiscuous_mode()) {
        // A capture that has begun may open no such socket: its filter of system calls ends it.
        place.promiscuous =
            attached_ ? Result<PromiscuousMode>(Error{"its network namespace came after the start"})
                      : PromiscuousMode::open();
    }
    places_.emplace(inum, std::move(place));
    return {};
}

bool InterfaceSet::wants_promiscuous_mode() const {
    return choice_.promiscuous &&
           std::any_of(choice_.names.begin(), choice_.names.end(),
                       [](const std::string& name) { return name != kAnyInterface; });
}

void InterfaceSet::netns_seen(uint32_t inum, uint32_t tid) {
    if (all_netns_ && attached_ && inum != 0 && !places_.contains(inum) &&
        !refused_.contains(inum)) {
        arrived_.insert_or_assign(inum, tid);
    }
}

Result<void> InterfaceSet::follow_netns() {
    for (const auto& [inum, tid] : std::exchange(arrived_, {})) {
        auto netns = find_netns(inum, tid);
        if (!netns) {
            continue;  // gone, or found again with the next process in it
        }
        if (auto added = add_place(*std::move(netns), false); !added) {
            skip(added.error().message);
            refused_.insert(inum);
        } else if (auto attached = attach_place(places_.at(inum)); !attached) {
            skip(attached.error().message);
        }
    }
    return {};
}

Result<void> InterfaceSet::leave_unused_netns() {
    const std::set<uint32_t> mounted = mounted_netns();
    for (auto place = places_.begin(); place != places_.end();) {
        if (place->second.named || mounted.contains(place->first) || is_in_use_(place->first)) {
            ++place;
        } else {
            if (auto left = leave_place(place->second); !left) {
                return left;
            }
            place = places_.erase(place);
        }
    }
    return {};
}

Result<void> InterfaceSet::leave_place(Place& place) {
    auto inside = NetnsEntry::enter(place.netns);
    const uint32_t inum = place.netns.inum;
    for (auto hook = hooks_.lower_bound({inum, 0});
         hook != hooks_.end() && hook->first.netns == inum;) {
        const uint32_t ifindex = (hook++)->first.ifindex;  // remove() takes the hook away
        if (auto removed = remove(place, ifindex); !removed) {
            return removed;
        }
    }
    not_captured_.erase(not_captured_.lower_bound({inum, 0}),
                        not_captured_.upper_bound({inum, UINT32_MAX}));
    return {};
}

}  // namespace capture
