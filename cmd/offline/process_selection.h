// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessSelection: whose packets of a file are wanted: capture::ProcessFilter's rules, on what the
// file has told by then. A pid means every process that has it in the file; a tree and --follow go
// by the parents that are told, so that what a process without packets started in between isn't
// found unless its children say so. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "capture/process_expression.h"
#include "cmd/process_options.h"
#include "forensics/analysis/ancestry.h"
#include "forensics/packet.h"

namespace cmd {

class ProcessSelection : private capture::ProcessTrees {
  public:
    ProcessSelection() = default;  // everything
    explicit ProcessSelection(const ProcessChoice& choice);

    // A file begins: `processes` are its Source's and outlive the next call.
    void begin(const std::deque<forensics::Process>& processes);

    bool wants_all() const { return expression_.is_always_true(); }
    bool wants(const forensics::Packet& packet);

  private:
    // A process of the file in the words of capture. Its key is the pid alone.
    struct Told : capture::Process {
        const forensics::Process* from = nullptr;  // null: only its child tells of it
    };
    // Of one process as one user, as long as nothing new is told of any.
    struct Answer {
        uint64_t generation = 0;
        std::optional<uint32_t> uid;
        bool wanted = false;
    };

    bool contains(const capture::ProcessKey& root, const capture::Process& process) const override;
    bool holds(const capture::ProcessSubject& subject) const {
        return expression_.evaluate(subject, *this) == capture::Truth::kTrue;
    }
    bool wants(const forensics::End& end);
    bool follows(const forensics::Process& process);
    const Told& told(const forensics::Process& process);

    capture::ProcessExpression expression_;
    bool follow_ = false;
    // Walking up adds what is new to an index.
    mutable std::optional<forensics::Ancestry> ancestry_;
    std::deque<Told> told_;        // by number
    std::vector<Answer> answers_;  // by number
    uint64_t generation_ = 1;      // grows with all that is told
};

}  // namespace cmd
