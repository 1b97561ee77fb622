// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/dns_questions.h"

#include <algorithm>

#include "packet/dissect/ascii.h"

namespace forensics {
namespace {

// For a hash: no padding.
struct Key {
    uint64_t flow;
    uint64_t name;
    uint32_t type;
    uint32_t asker;
};

bool same(const CountedQuestion& a, const CountedQuestion& b) {
    return a.flow == b.flow && a.type == b.type && a.asker == b.asker && a.name() == b.name();
}

}  // namespace

CountedQuestion* DnsQuestions::find(const CountedQuestion& wanted) {
    const uint64_t hash = hash_(
        Key{wanted.flow, hash_(wanted.name()), uint32_t{wanted.type}, uint32_t{wanted.asker}});
    const size_t slot =
        index_.find(hash, [&](uint32_t number) { return same(questions_[number], wanted); });
    const uint32_t number = index_.at(slot);
    if (number != NumberIndex::kNone) {
        return &questions_[number];
    }
    if (questions_.size() == kMost) {
        return nullptr;
    }
    index_.insert(slot, hash, static_cast<uint32_t>(questions_.size()));
    CountedQuestion& added = questions_.emplace_back();
    added = wanted;
    return &added;
}

void DnsQuestions::add(uint64_t flow, int asker, const packet::DnsMessage& message) {
    for (const packet::DnsQuestion& asked : message.asked) {
        CountedQuestion wanted;
        wanted.flow = flow;
        wanted.asker = static_cast<uint8_t>(asker);
        wanted.type = asked.type;
        wanted.length = static_cast<uint8_t>(std::min(asked.name.size(), wanted.text.size()));
        std::transform(asked.name.begin(), asked.name.begin() + wanted.length, wanted.text.begin(),
                       packet::lower);
        CountedQuestion* question = find(wanted);
        if (question == nullptr) {
            left_out_ += message.is_answer ? 0 : 1;
        } else if (!message.is_answer) {
            ++question->asked;
        } else if (message.rcode == packet::kNoError) {
            ++question->answered;
        } else if (message.rcode == packet::kNoSuchName) {
            ++question->nonexistent;
        } else {
            ++question->failed;
        }
    }
}

}  // namespace forensics
