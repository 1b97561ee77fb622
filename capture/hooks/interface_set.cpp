// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/interface_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "capture/hooks/descriptor_limit.h"
#include "capture/hooks/link_layers.h"
#include "packet/line/terminal_text.h"

namespace capture {
namespace {

// Within this time packets of an interface that is gone have left the rings.
constexpr uint64_t kDrainNs = 1'000'000'000;
constexpr uint64_t kCheckNetnsNs = 1'000'000'000;
// From so many interfaces on, half a second's wait for normal grace periods, it is worth a
// machine-wide setting to shorten that.
constexpr size_t kManyInterfaces = 16;

Error unsupported(const std::string& name, const Interface& interface) {
    return Error{fmt::format("interface {}: its link layer (ARPHRD {}) can't be captured", name,
                             interface.arphrd),
                 EOPNOTSUPP};
}

const Interface* find_by_name(const InterfaceMonitor& monitor, const std::string& name) {
    for (const auto& [ifindex, interface] : monitor.interfaces()) {
        if (interface.is_called(name)) {
            return &interface;
        }
    }
    return nullptr;
}

// Returns the interface's name as messages have it.
std::string shown_name(const std::string& netns_label, const std::string& name) {
    return packet::printable(interface_name(netns_label, name));
}

}  // namespace

bool InterfaceChoice::any() const {
    return std::ranges::find(names, kAnyInterface) != names.end();
}

bool InterfaceChoice::all_netns() const {
    return std::ranges::find(netns, kAllNetns) != netns.end();
}

InterfaceSet::InterfaceSet(const Programs& programs, InterfaceChoice choice, uint32_t snaplen,
                           IsInUse is_in_use)
    : programs_(&programs),
      choice_(std::move(choice)),
      is_in_use_(std::move(is_in_use)),
      ledger_(programs.drops(), snaplen, choice_.most),
      any_(choice_.any()),
      all_netns_(choice_.all_netns()) {}

Result<std::unique_ptr<InterfaceSet>> InterfaceSet::open(const Programs& programs,
                                                         InterfaceChoice choice, uint32_t snaplen,
                                                         IsInUse is_in_use) {
    std::unique_ptr<InterfaceSet> set(
        new InterfaceSet(programs, std::move(choice), snaplen, std::move(is_in_use)));
    if (auto opened = set->open_places(); !opened) {
        return std::move(opened).error();
    }
    if (auto checked = set->check_names(); !checked) {
        return std::move(checked).error();
    }
    return set;
}

NeededRights InterfaceSet::needs() const {
    NeededRights needs;
    needs.attaches_programs = true;
    const bool free =
        choice_.mode == HookMode::kTcx && InterfaceHook::needs_no_capability(*programs_);
    if (!free) {
        // For a filter on clsact, which also has to be taken off by name.
        needs.capabilities.push_back(CAP_NET_ADMIN);
    }
    if (!choice_.netns.empty()) {
        needs.enters_namespaces = true;
        needs.capabilities.push_back(CAP_SYS_ADMIN);
    }
    if (all_netns_) {
        needs.capabilities.push_back(CAP_SYS_PTRACE);  // those of other users' processes
    }
    return needs;
}

Result<void> InterfaceSet::check_names() const {
    for (const std::string& name : choice_.names) {
        if (name == kAnyInterface) {
            continue;
        }
        bool found = false;
        for (const auto& [inum, place] : places_) {
            const Interface* interface = find_by_name(place.monitor, name);
            found |= interface != nullptr;
            if (interface != nullptr && !link_type(interface->arphrd)) {
                return unsupported(shown_name(place.netns.label, name), *interface);
            }
        }
        if (!found) {
            return Error{fmt::format("interface {}: no such device; `pidcap -D` lists them",
                                     packet::printable(name)),
                         ENODEV};
        }
    }
    return {};
}

Result<void> InterfaceSet::attach(Sink& sink) {
    ledger_.begin(sink);
    attached_ = true;
    std::optional<ExpeditedRcu> expedited;
    if (count_wanted() >= kManyInterfaces) {
        expedited.emplace(rcu_settings_);
    }
    for (auto& [inum, place] : places_) {
        if (auto attached = attach_place(place); !attached) {
            return attached;
        }
    }
    if (hooks_.empty() && !first_skipped_.empty()) {
        return Error{fmt::format("no interface could be captured: {}", first_skipped_), ENODEV};
    }
    started_ = true;
    return {};
}

size_t InterfaceSet::count_wanted() const {
    size_t count = 0;
    for (const auto& [inum, place] : places_) {
        for (const auto& [ifindex, interface] : place.monitor.interfaces()) {
            count += wants(interface) ? 1 : 0;
        }
    }
    return count;
}

Result<void> InterfaceSet::attach_place(Place& place) {
    auto inside = NetnsEntry::enter(place.netns);
    if (!inside) {
        return std::move(inside).error();
    }
    for (const std::string& name : choice_.names) {
        const Interface* interface = find_by_name(place.monitor, name);
        if (interface != nullptr) {
            if (auto added = add(place, *interface, true); !added) {
                return added;
            }
        }
    }
    for (const auto& [ifindex, interface] : place.monitor.interfaces()) {
        if (any_) {
            if (auto added = add(place, interface, false); !added) {
                return added;
            }
        }
    }
    return {};
}

// Attaches to one interface. Returns an error if that fails and the interface is required;
// otherwise skips it. Call it inside the interface's namespace.
Result<void> InterfaceSet::add(Place& place, const Interface& interface, bool required) {
    const InterfaceKey key(place.netns.inum, interface.ifindex);
    if (hooks_.contains(key)) {
        return {};
    }
    const std::string name = shown_name(place.netns.label, interface.name);
    std::optional<uint16_t> type = link_type(interface.arphrd);
    Result<std::unique_ptr<InterfaceHook>> hook =
        type ? InterfaceHook::attach(*programs_, interface.ifindex, name,
                                     hook_kind(interface, *type), choice_.mode)
             : unsupported(name, interface);
    if (hook.ok() && !leaves_descriptors()) {
        hook = out_of_descriptors(fmt::format("attach to interface {}", name));
    }
    if (!hook) {
        // Without descriptors, processes can't be looked into either: better not to start.
        if (required || (!started_ && hook.error().code == EMFILE)) {
            return std::move(hook).error();
        }
        if (not_captured_.insert(key).second) {
            skip(hook.error().message);
        }
        return {};
    }
    // The mode that worked first is used for all other interfaces.
    choice_.mode = (*hook)->mode();
    hooks_[key] = *std::move(hook);
    gone_.erase(key);
    make_promiscuous(place, interface);
    warn_of_hidden_tags(interface, name);
    renew(place, interface);
    return !started_ && (required || interface.up()) ? announce(key) : Result<void>{};
}

// As tcpdump does: an interface that was asked for by its name takes every packet that passes by.
// Where that can't be had, the capture goes on with what the interface takes by itself.
void InterfaceSet::make_promiscuous(Place& place, const Interface& interface) {
    if (!place.promiscuous || !is_named(interface)) {
        return;
    }
    const auto& opened = *place.promiscuous;
    const Result<void> made =
        opened ? opened->add(interface.ifindex) : Result<void>(opened.error());
    if (!made) {
        notices_.add(fmt::format(
            "interface {}: not in promiscuous mode, so that packets for other machines may be "
            "missing: {}; with -p, nothing tries it",
            shown_name(place.netns.label, interface.name), made.error().message));
    }
}

// The generic XDP hook, which a veth has, shows a packet's bytes only.
void InterfaceSet::warn_of_hidden_tags(const Interface& interface, const std::string& name) {
    if (choice_.asks_for_tag && programs_->hook() == Hook::kXdp && interface.kind == "veth") {
        notices_.add(fmt::format(
            "interface {}: XDP doesn't see a VLAN tag that stands beside an incoming packet, so "
            "that the filter's `vlan` takes such packets for untagged: use --hook tc",
            name));
    }
}

void InterfaceSet::skip(const std::string& reason) {
    if (first_skipped_.empty()) {
        first_skipped_ = reason;
    }
    notices_.add("skipped: " + reason);
}

Result<void> InterfaceSet::announce(const InterfaceKey& key) {
    auto node = unannounced_.extract(key);
    auto announced = ledger_.announce(key, std::move(node.mapped()));
    return announced.ok() ? Result<void>{} : std::move(announced).error();
}

void InterfaceSet::renew(const Place& place, const Interface& interface) {
    const InterfaceKey key(place.netns.inum, interface.ifindex);
    unannounced_[key] = {*link_type(interface.arphrd),
                         interface_name(place.netns.label, interface.name), interface.mac};
}

Result<void> InterfaceSet::update() {
    for (auto& [inum, place] : places_) {
        if (auto updated = update_place(place); !updated) {
            return updated;
        }
    }
    return {};
}

Result<void> InterfaceSet::update_place(Place& place) {
    auto events = place.monitor.read();
    if (!events) {
        return std::move(events).error();
    }
    if (events->empty()) {
        return {};
    }
    auto inside = NetnsEntry::enter(place.netns);
    if (!inside) {
        return std::move(inside).error();
    }
    for (const InterfaceEvent& event : *events) {
        if (auto followed = follow(place, event); !followed) {
            return followed;
        }
    }
    return {};
}

Result<void> InterfaceSet::follow(Place& place, const InterfaceEvent& event) {
    const Interface& interface = event.interface;
    const InterfaceKey key(place.netns.inum, interface.ifindex);
    switch (event.type) {
        case InterfaceEvent::Type::kRemoved:
        case InterfaceEvent::Type::kAdded:
            // An added interface replaces an old hook, too: an ifindex can be reused before we
            // learn that it was free.
            if (auto removed = remove(place, interface.ifindex); !removed) {
                return removed;
            }
            return event.type == InterfaceEvent::Type::kAdded && wants(interface)
                       ? add(place, interface, false)
                       : Result<void>{};
        case InterfaceEvent::Type::kRenamed:
        case InterfaceEvent::Type::kAltnames:
            if (hooks_.contains(key)) {
                renew(place, interface);
                return {};
            }
            return wants(interface) ? add(place, interface, false) : Result<void>{};
        case InterfaceEvent::Type::kUp:
        case InterfaceEvent::Type::kDown:
        case InterfaceEvent::Type::kOverrun:
            break;
    }
    return {};
}

// Packets that are still in the rings find their interface in unannounced_ or in the ledger.
Result<void> InterfaceSet::remove(Place& place, uint32_t ifindex) {
    const InterfaceKey key(place.netns.inum, ifindex);
    hooks_.erase(key);
    if (place.promiscuous && *place.promiscuous) {
        (*place.promiscuous)->remove(ifindex);
    }
    not_captured_.erase(key);
    if (unannounced_.contains(key) && ledger_.has_unannounced_drops(key)) {
        if (auto announced = announce(key); !announced) {
            return announced;
        }
    }
    ledger_.retire(key);
    if (unannounced_.contains(key) || ledger_.find(key) != nullptr) {
        gone_[key] = last_round_mono_ + kDrainNs;
    }
    return {};
}

bool InterfaceSet::is_named(const Interface& interface) const {
    return std::any_of(choice_.names.begin(), choice_.names.end(),
                       [&](const std::string& name) { return interface.is_called(name); });
}

// Returns true for a named interface even if it vanished: a tunnel's or a container's may come
// back.
bool InterfaceSet::wants(const Interface& interface) const {
    return any_ || is_named(interface);
}

Result<void> InterfaceSet::round_ended(uint64_t now_mono) {
    // The round began after the last one had ended.
    std::erase_if(gone_, [this](const auto& gone) {
        if (gone.second > last_round_mono_) {
            return false;
        }
        unannounced_.erase(gone.first);
        ledger_.forget(gone.first);
        return true;
    });
    last_round_mono_ = now_mono;
    if (auto followed = follow_netns(); !followed) {
        return followed;
    }
    if (!all_netns_ || now_mono < next_check_mono_) {
        return {};
    }
    next_check_mono_ = now_mono + kCheckNetnsNs;
    refused_.clear();
    return leave_unused_netns();
}

// Detaches inside each namespace, because a clsact filter is found by the interface's index.
void InterfaceSet::detach() {
    attached_ = false;
    std::optional<ExpeditedRcu> expedited;
    if (hooks_.size() >= kManyInterfaces) {
        expedited.emplace(rcu_settings_);
    }
    for (auto& [inum, place] : places_) {
        auto inside = NetnsEntry::enter(place.netns);
        hooks_.erase(hooks_.lower_bound({inum, 0}), hooks_.upper_bound({inum, UINT32_MAX}));
        place.promiscuous.reset();
    }
}

std::vector<int> InterfaceSet::fds() const {
    std::vector<int> fds;
    fds.reserve(places_.size());
    for (const auto& [inum, place] : places_) {
        fds.push_back(place.monitor.fd());
    }
    return fds;
}

Result<void> InterfaceSet::announce_dropped() {
    if (ledger_.list().empty() && !unannounced_.empty()) {
        return announce(unannounced_.begin()->first);
    }
    for (const InterfaceKey key : programs_->drops().interfaces()) {
        if (unannounced_.contains(key) && ledger_.has_unannounced_drops(key)) {
            if (auto announced = announce(key); !announced) {
                return announced;
            }
        }
    }
    return ledger_.announce_others_dropped(packet::kLinkTypeEthernet);
}

Result<const packet::Interface*> InterfaceSet::find_for_packet(const InterfaceKey& key) {
    if (unannounced_.contains(key)) {
        if (auto announced = announce(key); !announced) {
            return std::move(announced).error();
        }
    }
    return ledger_.find(key);
}

}  // namespace capture
