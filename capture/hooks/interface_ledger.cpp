// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/interface_ledger.h"

namespace capture {

std::string interface_name(const std::string& netns_label, const std::string& name) {
    return netns_label.empty() ? name : netns_label + "/" + name;
}

Result<void> InterfaceLedger::announce(const InterfaceKey& key, Description description,
                                       const pidcap_drops& before) {
    packet::Interface captured;
    captured.number = static_cast<uint32_t>(announced_.size());
    captured.link_type = description.link_type;
    captured.snaplen = snaplen_;
    captured.name = std::move(description.name);
    captured.mac = description.mac;
    ids_[key] = captured.number;
    counters_.emplace_back();
    drops_start_.push_back(before);
    announced_.push_back(std::move(captured));
    return sink_->interface(announced_.back());
}

const packet::Interface* InterfaceLedger::find(const InterfaceKey& key) const {
    const auto found = ids_.find(key);
    return found == ids_.end() ? nullptr : &announced_[found->second];
}

pidcap_drops InterfaceLedger::close(const InterfaceKey& key) {
    const pidcap_drops drops = programs_->drops().of(key.wire());
    if (auto old = ids_.extract(key)) {
        add_drops(counters_, old.mapped(), drops);
    }
    return drops;
}

void InterfaceLedger::retire(const InterfaceKey& key) {
    const pidcap_drops drops = programs_->drops().of(key.wire());
    if (const auto found = ids_.find(key); found != ids_.end()) {
        add_drops(counters_, found->second, drops);
        drops_start_[found->second] = {};
    }
    programs_->drops().forget(key.wire());
}

// Adds what the kernel has dropped since the interface was announced. `now` holds the kernel's
// counters.
void InterfaceLedger::add_drops(std::vector<InterfaceCounters>& to, uint32_t id,
                                const pidcap_drops& now) const {
    for (size_t cause = 0; cause < PIDCAP_DROP_CAUSES; cause++) {
        to[id].dropped[cause] += now.count[cause] - drops_start_[id].count[cause];
    }
}

std::vector<InterfaceCounters> InterfaceLedger::counters() const {
    std::vector<InterfaceCounters> sum = counters_;
    for (const auto& [key, id] : ids_) {
        add_drops(sum, id, programs_->drops().of(key.wire()));
    }
    return sum;
}

}  // namespace capture
