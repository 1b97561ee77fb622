// SPDX-License-Identifier: GPL-2.0-only
#include "capture/filter/verdicts.h"

#include <tuple>

namespace capture {

bool Verdicts::Before::operator()(const pidcap_subject& one, const pidcap_subject& other) const {
    return std::tie(one.tgid, one.start_boot, one.cgroup_id, one.uid, one.gid) <
           std::tie(other.tgid, other.start_boot, other.cgroup_id, other.uid, other.gid);
}

void Verdicts::refuse(const pidcap_owner& owner, uint64_t change) {
    pidcap_subject subject{};
    subject.start_boot = owner.start_boot;
    subject.cgroup_id = owner.cgroup_id;
    subject.tgid = owner.tgid;
    subject.uid = owner.uid;
    subject.gid = owner.gid;
    const auto known = refused_.find(subject);
    if (known != refused_.end() && known->second == change) {
        return;  // refused already: this packet was on its way
    }
    if (refused_.size() >= PIDCAP_UNWANTED_MAX) {
        clear();
    }
    refused_[subject] = change;
    programs_->refuse(subject, change);
}

void Verdicts::clear() {
    for (const auto& [subject, change] : refused_) {
        programs_->take_back(subject);
    }
    refused_.clear();
}

void Verdicts::take_back(uint32_t pid) {
    pidcap_subject first{};
    first.tgid = pid;
    for (auto at = refused_.lower_bound(first); at != refused_.end() && at->first.tgid == pid;) {
        programs_->take_back(at->first);
        at = refused_.erase(at);
    }
}

void Verdicts::forgotten(const Process& process, uint64_t start_boot) {
    take_back(kernel_pid(process));
    pidcap_process key{};
    key.start_boot = start_boot;
    key.tgid = kernel_pid(process);
    programs_->forget_changes(key);
}

}  // namespace capture
