// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/interface_ledger.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "packet/link_type.h"

namespace capture {
namespace {

// Counts of refused packets are kept for this many unannounced interfaces. They go into a
// statistics block only, so all of them are forgotten when there are more.
constexpr size_t kMaxRefused = 16384;

bool matches(const packet::Interface& announced, const InterfaceLedger::Description& now) {
    return announced.link_type == now.link_type && announced.name == now.name &&
           announced.mac == now.mac;
}

}  // namespace

std::string interface_name(const std::string& netns_label, const std::string& name) {
    return netns_label.empty() ? name : netns_label + "/" + name;
}

// Returns null for an interface that is gone.
const InterfaceLedger::Current* InterfaceLedger::current(const InterfaceKey& key) const {
    const auto found = current_.find(key);
    return found == current_.end() || found->second.retired ? nullptr : &found->second;
}

Result<const packet::Interface*> InterfaceLedger::announce(const InterfaceKey& key,
                                                           Description description) {
    const Current* before = current(key);
    if (before != nullptr && matches(announced_[before->id], description)) {
        return &announced_[before->id];
    }
    auto id = id_for(before, std::move(description));
    if (!id) {
        return std::move(id).error();
    }
    // With a second reading, a drop between the two would be counted for neither.
    pidcap_drops counted{};
    if (before != nullptr) {
        counted = drops_.of(key.wire());
        add_drops(counters_[before->id], counted, before->counted);
    }
    current_[key] = {*id, counted, false};
    if (const auto refused = refused_.extract(key)) {
        counters_[*id].filtered += refused.mapped().packets;
        lost_[*id] += refused.mapped().lost;
    }
    return &announced_[*id];
}

Result<void> InterfaceLedger::announce_event(const InterfaceKey& key, const std::string& name,
                                             std::shared_ptr<const packet::EventLayout> layout) {
    auto id = add({packet::kLinkTypeEthernet, name, std::nullopt, std::move(layout)});
    if (!id) {
        return std::move(id).error();
    }
    current_[key] = {*id, {}, false};
    return {};
}

// Returns the number of the interface that follows `before`, which may be null.
Result<uint32_t> InterfaceLedger::id_for(const Current* before, Description description) {
    if (!full()) {
        own_++;
        return add(std::move(description));
    }
    unannounced_++;
    if (before != nullptr && announced_[before->id].link_type == description.link_type) {
        return before->id;
    }
    auto shared = others(description.link_type);
    return shared.ok() ? Result<uint32_t>((*shared)->number) : std::move(shared).error();
}

Result<const packet::Interface*> InterfaceLedger::others(uint16_t link_type) {
    if (const auto found = others_.find(link_type); found != others_.end()) {
        return &announced_[found->second];
    }
    auto id = add({link_type, kOthers, std::nullopt});
    if (!id) {
        return std::move(id).error();
    }
    others_[link_type] = *id;
    return &announced_[*id];
}

Result<uint32_t> InterfaceLedger::add(Description description) {
    packet::Interface captured;
    captured.number = static_cast<uint32_t>(announced_.size());
    captured.link_type = description.link_type;
    captured.snaplen = snaplen_;
    captured.name = std::move(description.name);
    captured.mac = description.mac;
    captured.event = std::move(description.event);
    counters_.emplace_back().of_events = captured.event != nullptr;
    lost_.push_back(0);
    announced_.push_back(std::move(captured));
    if (auto told = sink_->interface(announced_.back()); !told) {
        return std::move(told).error();
    }
    return announced_.back().number;
}

const packet::Interface* InterfaceLedger::find(const InterfaceKey& key) const {
    const auto found = current_.find(key);
    return found == current_.end() ? nullptr : &announced_[found->second.id];
}

void InterfaceLedger::retire(const InterfaceKey& key) {
    if (const auto found = current_.find(key);
        found != current_.end() && !std::exchange(found->second.retired, true)) {
        add_drops(counters_[found->second.id], drops_.of(key.wire()), found->second.counted);
    }
    drops_.forget(key.wire());
}

void InterfaceLedger::forget(const InterfaceKey& key) {
    current_.erase(key);
    refused_.erase(key);
}

bool InterfaceLedger::has_unannounced_drops(const InterfaceKey& key) const {
    const pidcap_drops drops = drops_.of(key.wire());
    return current(key) == nullptr && std::any_of(std::begin(drops.count), std::end(drops.count),
                                                  [](uint64_t count) { return count != 0; });
}

Result<void> InterfaceLedger::announce_others_dropped(uint16_t link_type) {
    if (!has_unannounced_drops(DropCounters::kOthers)) {
        return {};
    }
    auto shared = others(link_type);
    if (!shared) {
        return std::move(shared).error();
    }
    current_[DropCounters::kOthers] = {(*shared)->number, {}, false};
    return {};
}

void InterfaceLedger::refused(const InterfaceKey& key, uint32_t lost) {
    if (const packet::Interface* interface = find(key)) {
        counters_[interface->number].filtered++;
        lost_[interface->number] += lost;
        return;
    }
    if (refused_.size() >= kMaxRefused) {
        refused_.clear();
    }
    Refused& refused = refused_[key];
    refused.packets++;
    refused.lost += lost;
}

// `now`: the kernel's counters.
void InterfaceLedger::add_drops(InterfaceCounters& to, const pidcap_drops& now,
                                const pidcap_drops& counted) {
    for (size_t cause = 0; cause < PIDCAP_DROP_CAUSES; cause++) {
        to.dropped[cause] += now.count[cause] - counted.count[cause];
    }
}

std::vector<InterfaceCounters> InterfaceLedger::counters() const {
    std::vector<InterfaceCounters> sum = counters_;
    for (const pidcap_interface& interface : drops_.interfaces()) {
        if (const Current* now = current(interface)) {
            add_drops(sum[now->id], drops_.of(interface), now->counted);
        }
    }
    if (const Current* others = current(DropCounters::kOthers)) {
        add_drops(sum[others->id], drops_.of(DropCounters::kOthers), others->counted);
    }
    return sum;
}

}  // namespace capture
