// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/link_layers.h"

#include <algorithm>
#include <string>
#include <utility>

#include "capture/hooks/netns.h"
#include "packet/link_type.h"

namespace capture {
namespace {

void add(const Interface& interface, LinkLayers& layers) {
    const auto type = link_type(interface.arphrd);
    if (!type) {
        return;  // it can't be captured
    }
    switch (hook_kind(interface, *type)) {
        case HookKind::kEthernet:
        case HookKind::kVeth:
            layers.ethernet = true;
            break;
        case HookKind::kIp:
            layers.ip = true;
            break;
        case HookKind::kLoopback:
            layers.loopback = true;
            break;
    }
}

// Adds those of the current namespace.
Result<void> add_named(const std::vector<std::string>& names, LinkLayers& layers) {
    const auto interfaces = list_interfaces();
    if (!interfaces) {
        return interfaces.error();
    }
    for (const Interface& interface : *interfaces) {
        if (std::ranges::any_of(names,
                                [&](const auto& name) { return interface.is_called(name); })) {
            add(interface, layers);
        }
    }
    return {};
}

}  // namespace

HookKind hook_kind(const Interface& interface, uint16_t link_type) {
    if (interface.loopback()) {
        return HookKind::kLoopback;
    }
    if (link_type != packet::kLinkTypeEthernet) {
        return HookKind::kIp;
    }
    return interface.kind == "veth" ? HookKind::kVeth : HookKind::kEthernet;
}

Result<LinkLayers> link_layers_of(const InterfaceChoice& choice) {
    if (choice.any() || choice.all_netns()) {
        return LinkLayers::all();
    }
    LinkLayers layers;
    if (choice.netns.empty()) {
        auto added = add_named(choice.names, layers);
        return added.ok() ? Result<LinkLayers>(layers) : std::move(added).error();
    }
    for (const std::string& text : choice.netns) {
        const auto netns = open_netns(text);
        if (!netns) {
            return netns.error();
        }
        const auto inside = NetnsEntry::enter(*netns);
        if (!inside) {
            return inside.error();
        }
        if (auto added = add_named(choice.names, layers); !added) {
            return std::move(added).error();
        }
    }
    return layers;
}

}  // namespace capture
