// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/participants.h"

#include <algorithm>

namespace forensics {

void Participants::add(const Process& process, uint64_t bytes) {
    if (first_.process == nullptr) {
        first_.process = &process;
    }
    if (first_.process == &process) {
        first_.bytes += bytes;
        return;
    }
    if (further_ == nullptr) {
        further_ = std::make_unique<Further>();
    }
    const auto known = std::ranges::find(further_->kept, &process, &Participant::process);
    if (known != further_->kept.end()) {
        known->bytes += bytes;
    } else if (further_->kept.size() + 1 < kMaxKept) {
        further_->kept.push_back({.process = &process, .bytes = bytes});
    } else {
        further_->others_bytes += bytes;
        further_->has_others = true;
    }
}

const Process* Participants::main() const {
    const Participant* most = &first_;
    if (further_ != nullptr) {
        for (const Participant& each : further_->kept) {
            if (each.bytes > most->bytes) {
                most = &each;
            }
        }
    }
    return most->process;
}

uint64_t Participants::bytes() const {
    uint64_t sum = first_.bytes;
    if (further_ != nullptr) {
        for (const Participant& each : further_->kept) {
            sum += each.bytes;
        }
        sum += further_->others_bytes;
    }
    return sum;
}

std::vector<Participant> Participants::by_bytes() const {
    std::vector<Participant> all;
    if (first_.process == nullptr) {
        return all;
    }
    all.push_back(first_);
    if (further_ == nullptr) {
        return all;
    }
    all.insert(all.end(), further_->kept.begin(), further_->kept.end());
    std::ranges::stable_sort(all, std::ranges::greater(), &Participant::bytes);
    if (further_->has_others) {
        all.push_back({.bytes = further_->others_bytes});
    }
    return all;
}

}  // namespace forensics
