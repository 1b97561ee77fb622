// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessFilter: whose packets are wanted. With `follow`, descendants of a process for which the
// expression holds are wanted too, whatever they are.
//
// Decided per packet from the process table, which stands at the packet's time; but user and group
// are the packet's own, because the table hears late of a change. Answers are remembered until the
// process changes, so that a packet costs a look-up. One thread.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "capture/packet.h"
#include "capture/process.h"
#include "capture/process_expression.h"
#include "capture/processes/process_table.h"

namespace capture {

struct ProcessConditions {
    ProcessExpression expression = {};
    bool follow = false;
};

class ProcessFilter : private ProcessTrees {
  public:
    // So many descendants are remembered however long ago they ended, and so many answers at most.
    static constexpr size_t kFollowed = 65536;
    static constexpr size_t kAnswers = 65536;

    ProcessFilter() = default;  // everything matches, also what has no process
    // The expression is resolved.
    explicit ProcessFilter(ProcessConditions conditions);

    // Call once the table has been scanned: descendants that run already are found.
    void start(const ProcessTable& table);

    // A process was forked: its parent may be wanted, followed or in a tree.
    void forked(const Process& child, const ProcessTable& table);

    bool wants_all() const { return conditions_.expression.is_always_true(); }
    // By enum pidcap_via, a bit each: whether packets without a process are wanted.
    uint32_t wanted_without_process() const;

    // Whether one of the packet's ends is wanted, or the packet for having none.
    bool wants(const Packet& packet) const;
    // Whether the process is, as the user that it is by its last event.
    bool wants(const Process& process) const { return wants(self(process)); }

  private:
    struct Family {
        std::unordered_set<ProcessKey, ProcessKeyHash> members;
        size_t forget_at = kFollowed;  // when there are so many, those that the table forgot go

        void add(const ProcessKey& key, const ProcessTable& table);
        bool has(const Process& process) const { return members.contains(process.key); }
    };
    struct Tree {
        ProcessKey root;
        Family family;  // the root and its descendants
    };
    // One process as one user. Its version is part of the answer, so that a newer one replaces it.
    struct Question {
        ProcessKey key;
        uint32_t uid = 0;
        uint32_t gid = 0;

        bool operator==(const Question&) const = default;
    };
    struct QuestionHash {
        size_t operator()(const Question& question) const {
            return ProcessKeyHash{}(question.key) ^ question.uid ^
                   (static_cast<size_t>(question.gid) << 32);
        }
    };
    struct Answer {
        uint32_t version = 0;
        bool holds = false;
    };

    static ProcessSubject self(const Process& process) {
        return {&process, process.uid, process.gid, process.user};
    }
    bool contains(const ProcessKey& root, const Process& process) const override;
    bool wants(const ProcessSubject& subject) const;
    bool wants_without_process(uint8_t via) const {
        return conditions_.expression.evaluate({.via = via}, *this) == Truth::kTrue;
    }
    bool holds(const ProcessSubject& subject) const;

    ProcessConditions conditions_;
    std::vector<Tree> trees_;
    Family followed_;
    mutable std::unordered_map<Question, Answer, QuestionHash> answers_;
};

}  // namespace capture
