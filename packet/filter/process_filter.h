// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessFilter: decides which packets are wanted by the processes at their ends. With `follow`,
// descendants of a process for which the expression holds are wanted too, whatever they are.
//
// Each packet is judged by what its source knows about the processes at that time. User and group
// are the packet's own, because a source learns of a change late. Answers are remembered until the
// process changes, so that a packet costs a look-up. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "packet/filter/ancestry.h"
#include "packet/filter/process_expression.h"
#include "packet/keyed_hash.h"
#include "packet/packet.h"

namespace packet {

struct ProcessConditions {
    ProcessExpression expression = {};
    bool follow = false;
};

class ProcessFilter : private ProcessTrees {
  public:
    // The most descendants that are remembered after their end, and the most answers.
    static constexpr size_t kFollowed = 65536;
    static constexpr size_t kAnswers = 65536;

    ProcessFilter() = default;  // wants everything, packets without a process too
    // `ancestry` is the source's and outlives the filter. In the expression of a running capture
    // each pid is resolved to a process (ProcessExpression::resolved).
    ProcessFilter(ProcessConditions conditions, Ancestry& ancestry);

    // A running capture calls start() once it knows the processes that run, and forked() for each
    // new one: from then on descent is remembered, even after the processes in between have ended.
    // Without start(), descent is what `ancestry` says when a packet is judged.
    void start();
    void forked(const Process& child);

    bool wants_all() const { return conditions_.expression.is_always_true(); }
    // Whether packets without a process, for this reason, are wanted.
    bool wants_without_process(Via via) const;
    // Whether one of the packet's processes is wanted, or the packet because it has none.
    bool wants(const Packet& packet);
    // Whether the process is wanted as its latest user.
    bool wants(const Process& process);

  private:
    // Numbers of a process and of its descendants.
    struct Family {
        std::unordered_set<uint32_t> members;
        size_t forget_at = kFollowed;  // at this size, those that the source forgot are removed

        void add(const Process& process, const Ancestry& ancestry);
        bool has(const Process& process) const { return members.contains(process.number); }
    };
    struct Tree {
        ProcessReference root;
        Family family;
    };
    // The key of an answer: one process with one user and group.
    struct Question {
        uint32_t process = 0;  // number
        uint32_t uid = 0;
        uint32_t gid = 0;

        bool operator==(const Question&) const = default;
    };
    // Valid for this version of the process and this generation of the ancestry.
    struct Answer {
        uint32_t version = 0;
        uint64_t generation = 0;
        bool holds = false;
        bool follows =
            false;  // because of its ancestors; after start() `followed_` is used instead
    };

    static ProcessSubject latest(const Process& process) {
        return {&process, process.uid, process.gid, process.user};
    }
    bool contains(const ProcessReference& root, const Process& process) const override;
    bool evaluate(const ProcessSubject& subject) const {
        return conditions_.expression.evaluate(subject, *this) == Truth::kTrue;
    }
    bool descends_from_wanted(const Process& process);
    bool wants(const ProcessSubject& subject);
    bool wants(const End& end);
    const Answer& answer(const ProcessSubject& subject);

    ProcessConditions conditions_;
    Ancestry* ancestry_ = nullptr;
    bool started_ = false;
    std::vector<Tree> trees_;
    Family followed_;
    std::unordered_map<Question, Answer, KeyedHash> answers_;
};

}  // namespace packet
