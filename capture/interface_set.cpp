// SPDX-License-Identifier: GPL-2.0-only
#include "capture/interface_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

namespace capture {
namespace {

constexpr const char* kAny = "any";
constexpr size_t kMaxSkipped = 100;
constexpr uint16_t kLinkTypeEthernet = 1;

HookKind kind_of(const Interface& interface, uint16_t link_type) {
    if (interface.loopback()) {
        return HookKind::kLoopback;
    }
    return link_type == kLinkTypeEthernet ? HookKind::kEthernet : HookKind::kIp;
}

Error unsupported(const Interface& interface) {
    return Error{fmt::format("interface {}: its link layer (ARPHRD {}) can't be captured",
                             interface.name, interface.arphrd),
                 EOPNOTSUPP};
}

}  // namespace

Result<InterfaceSet> InterfaceSet::open(const Programs& programs, std::vector<std::string> names,
                                        HookMode mode, uint32_t snaplen) {
    auto monitor = InterfaceMonitor::open();
    if (!monitor) {
        return std::move(monitor).error();
    }
    InterfaceSet set(programs, std::move(names), *std::move(monitor), mode, snaplen);
    for (const std::string& name : set.names_) {
        const Interface* interface = set.find_by_name(name);
        if (name != kAny && interface == nullptr) {
            return Error{fmt::format("interface {}: no such device; `pidcap -D` lists them", name),
                         ENODEV};
        }
        if (name != kAny && !link_type(interface->arphrd)) {
            return unsupported(*interface);
        }
    }
    return set;
}

const Interface* InterfaceSet::find_by_name(const std::string& name) const {
    for (const auto& [ifindex, interface] : monitor_.interfaces()) {
        if (interface.name == name) {
            return &interface;
        }
    }
    return nullptr;
}

Result<void> InterfaceSet::attach(Sink& sink) {
    sink_ = &sink;
    for (const std::string& name : names_) {
        if (name == kAny) {
            any_ = true;
        } else if (const Interface* interface = find_by_name(name)) {
            if (auto added = add(*interface, true); !added) {
                return added;
            }
        }
    }
    if (any_) {
        for (const auto& [ifindex, interface] : monitor_.interfaces()) {
            if (auto added = add(interface, false); !added) {
                return added;
            }
        }
        if (hooks_.empty() && !skipped_.empty()) {
            return Error{fmt::format("no interface could be captured: {}", skipped_.front()),
                         ENODEV};
        }
    }
    return {};
}

// Failing to attach is an error where the interface is required; otherwise it is skipped.
Result<void> InterfaceSet::add(const Interface& interface, bool required) {
    if (hooks_.contains(interface.ifindex)) {
        return {};
    }
    std::optional<uint16_t> type = link_type(interface.arphrd);
    Result<std::unique_ptr<InterfaceHook>> hook =
        type ? InterfaceHook::attach(*programs_, interface.ifindex, interface.name,
                                     kind_of(interface, *type), mode_)
             : unsupported(interface);
    if (!hook) {
        if (required) {
            return std::move(hook).error();
        }
        if (skipped_.size() < kMaxSkipped) {
            skipped_.push_back(hook.error().message);
        }
        return {};
    }
    // What worked once is used for the rest.
    mode_ = (*hook)->mode();
    hooks_[interface.ifindex] = *std::move(hook);
    // One that is down is ready for its first packet, but no interface of the capture until then.
    renew(interface);
    return required || interface.up() ? announce(interface.ifindex) : Result<void>{};
}

Result<void> InterfaceSet::announce(uint32_t ifindex) {
    auto node = unannounced_.extract(ifindex);
    const auto& [interface, drops] = node.mapped();
    CapturedInterface captured;
    captured.id = static_cast<uint32_t>(announced_.size());
    captured.ifindex = interface.ifindex;
    captured.link_type = *link_type(interface.arphrd);
    captured.snaplen = snaplen_;
    captured.name = interface.name;
    captured.mac = interface.mac;
    ids_[interface.ifindex] = captured.id;
    counters_.emplace_back();
    drops_start_.push_back(drops);
    announced_.push_back(captured);
    return sink_->interface(captured);
}

// The counters of whatever had this ifindex are final, and those of the interface begin. One look
// at the kernel's serves both: what is dropped between two would belong to neither.
void InterfaceSet::renew(const Interface& interface) {
    const pidcap_drops drops = programs_->drops(interface.ifindex);
    if (auto old = ids_.extract(interface.ifindex)) {
        add_drops(old.mapped(), drops);
    }
    unannounced_[interface.ifindex] = {interface, drops};
}

// The interface has gone. Its packets may still be in the rings, its drops are all counted.
void InterfaceSet::retire(uint32_t ifindex) {
    hooks_.erase(ifindex);
    const pidcap_drops drops = programs_->drops(ifindex);
    if (auto found = ids_.find(ifindex); found != ids_.end()) {
        add_drops(found->second, drops);
        drops_start_[found->second] = {};
    }
    programs_->forget_drops(ifindex);
}

// Takes the kernel's counters into ours.
void InterfaceSet::add_drops(uint32_t id, const pidcap_drops& now) {
    for (size_t cause = 0; cause < PIDCAP_DROP_CAUSES; cause++) {
        counters_[id].dropped[cause] += now.count[cause] - drops_start_[id].count[cause];
    }
}

Result<void> InterfaceSet::update() {
    auto events = monitor_.read();
    if (!events) {
        return std::move(events).error();
    }
    for (const InterfaceEvent& event : *events) {
        const Interface& interface = event.interface;
        Result<void> followed;
        if (event.type == InterfaceEvent::Type::kRemoved ||
            event.type == InterfaceEvent::Type::kAdded) {
            // Also when added: an ifindex can be taken again before we hear that it was free.
            retire(interface.ifindex);
        }
        if (event.type == InterfaceEvent::Type::kAdded && wants(interface)) {
            followed = add(interface, false);
        } else if (event.type == InterfaceEvent::Type::kRenamed &&
                   hooks_.contains(interface.ifindex)) {
            bool announced = find(interface.ifindex) != nullptr;
            renew(interface);
            followed = announced ? announce(interface.ifindex) : Result<void>{};
        } else if (event.type == InterfaceEvent::Type::kUp &&
                   unannounced_.contains(interface.ifindex)) {
            followed = announce(interface.ifindex);
        }
        if (!followed) {
            return followed;
        }
    }
    return {};
}

// A named interface that vanished (a tunnel, a container's) may come back.
bool InterfaceSet::wants(const Interface& interface) const {
    return any_ || std::find(names_.begin(), names_.end(), interface.name) != names_.end();
}

void InterfaceSet::detach() {
    hooks_.clear();
}

Result<void> InterfaceSet::announce_dropped() {
    std::vector<uint32_t> dropped;
    for (const auto& [ifindex, unannounced] : unannounced_) {
        const pidcap_drops drops = programs_->drops(ifindex);
        if (!std::equal(std::begin(drops.count), std::end(drops.count),
                        std::begin(unannounced.drops.count))) {
            dropped.push_back(ifindex);
        }
    }
    for (uint32_t ifindex : dropped) {
        if (auto announced = announce(ifindex); !announced) {
            return announced;
        }
    }
    return {};
}

const CapturedInterface* InterfaceSet::find(uint32_t ifindex) const {
    auto found = ids_.find(ifindex);
    return found == ids_.end() ? nullptr : &announced_[found->second];
}

Result<const CapturedInterface*> InterfaceSet::find_for_packet(uint32_t ifindex) {
    if (unannounced_.contains(ifindex)) {
        if (auto announced = announce(ifindex); !announced) {
            return std::move(announced).error();
        }
    }
    return find(ifindex);
}

std::vector<InterfaceCounters> InterfaceSet::counters() const {
    std::vector<InterfaceCounters> sum = counters_;
    for (const auto& [ifindex, id] : ids_) {
        const pidcap_drops now = programs_->drops(ifindex);
        for (size_t cause = 0; cause < PIDCAP_DROP_CAUSES; cause++) {
            sum[id].dropped[cause] += now.count[cause] - drops_start_[id].count[cause];
        }
    }
    return sum;
}

}  // namespace capture
