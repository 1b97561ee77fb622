// SPDX-License-Identifier: GPL-2.0-only
//
// DnsQuestions: counts what DNS servers were asked and how they answered: for each conversation, by
// name and type. Keeps kMost of these at most and counts the others together; 13 to 26 bytes of
// memory each, the rest of what doesn't fit into `bytes_in_memory` goes to a temporary file. One
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "forensics/analysis/records.h"
#include "forensics/number_index.h"
#include "packet/dissect/dns.h"
#include "packet/keyed_hash.h"

namespace forensics {

// Plain data, for Records.
struct CountedQuestion {
    uint64_t flow = 0;         // its number
    uint32_t asked = 0;        // how often
    uint32_t answered = 0;     // without an error, though perhaps with no record
    uint32_t nonexistent = 0;  // answers that there is no such name
    uint32_t failed = 0;       // other errors
    uint16_t type = 0;
    uint8_t asker = 0;  // an index of Flow::sides; the server is the other side
    uint8_t length = 0;
    std::array<char, packet::kMaxName> text{};

    // In small letters, as DNS takes no notice of them and some resolvers mix them on purpose.
    std::string_view name() const { return {text.data(), length}; }
};

class DnsQuestions {
  public:
    static constexpr size_t kMost = size_t{1} << 20;
    static constexpr size_t kMostOfMessage = 64;
    static constexpr size_t kBytesInMemory = size_t{4} << 20;

    explicit DnsQuestions(size_t bytes_in_memory = kBytesInMemory) : questions_(bytes_in_memory) {}

    // A message of a conversation; `asker`: the side that sent the question, or gets the answer.
    void add(uint64_t flow, int asker, const packet::DnsMessage& message);

    size_t size() const { return questions_.size(); }
    // By number, in the order in which they were first asked. Valid until the next call.
    const CountedQuestion& operator[](size_t number) const { return questions_[number]; }
    // How often another one than those that are kept was asked.
    uint64_t left_out() const { return left_out_; }
    // An error if questions that were in the temporary file are lost.
    const pcapng::Result<void>& state() const { return questions_.state(); }

  private:
    // Returns null if it isn't kept.
    CountedQuestion* find(const CountedQuestion& wanted);

    packet::KeyedHash hash_;
    NumberIndex index_;  // of questions_
    Records<CountedQuestion> questions_;
    uint64_t left_out_ = 0;
};

}  // namespace forensics
