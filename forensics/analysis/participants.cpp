// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/participants.h"

#include <algorithm>

namespace forensics {

Participants::Further& Participants::Pool::take() {
    if (free_.empty()) {
        return all_.emplace_back();
    }
    Further& further = *free_.back();
    free_.pop_back();
    return further;
}

void Participants::Pool::give_back(Further& further) {
    further = {};
    free_.push_back(&further);
}

void Participants::clear(Pool& pool) {
    if (further_ != nullptr) {
        pool.give_back(*further_);
    }
    *this = {};
}

void Participants::add(const Process& process, uint64_t bytes, Pool& pool) {
    for (Participant& one : few_) {
        if (one.process == nullptr) {
            one.process = &process;
        }
        if (one.process == &process) {
            one.bytes += bytes;
            return;
        }
    }
    if (further_ == nullptr) {
        further_ = &pool.take();
    }
    const auto known = std::ranges::find(further_->kept, &process, &Participant::process);
    if (known != further_->kept.end()) {
        known->bytes += bytes;
    } else if (further_->kept.size() + kInline < kMaxKept) {
        further_->kept.push_back({.process = &process, .bytes = bytes});
    } else {
        further_->others_bytes += bytes;
        further_->has_others = true;
    }
}

const Process* Participants::main() const {
    Participant most;
    each([&](const Participant& one) {
        if (most.process == nullptr || one.bytes > most.bytes) {
            most = one;
        }
    });
    return most.process;
}

bool Participants::further_has(const Process& process) const {
    return std::ranges::find(further_->kept, &process, &Participant::process) !=
           further_->kept.end();
}

uint64_t Participants::bytes() const {
    uint64_t sum = further_ != nullptr ? further_->others_bytes : 0;
    each([&](const Participant& one) { sum += one.bytes; });
    return sum;
}

std::vector<Participant> Participants::by_bytes() const {
    std::vector<Participant> all;
    each([&](const Participant& one) { all.push_back(one); });
    std::ranges::stable_sort(all, std::ranges::greater(), &Participant::bytes);
    if (further_ != nullptr && further_->has_others) {
        all.push_back({.bytes = further_->others_bytes});
    }
    return all;
}

}  // namespace forensics
