// SPDX-License-Identifier: GPL-2.0-only
//
// Verdicts: what the process filter has decided, put where the kernel's programs see it: packets of
// processes that nobody wants are left there. Decided when such a packet has come, from all that is
// known of its process; taken back when more is learnt. The kernel itself goes by a verdict only
// as long as the process hasn't changed since (bpf/verdict.h). One thread.
#pragma once

#include <cstdint>
#include <map>

#include "bpf/contract.h"
#include "capture/kernel/programs.h"
#include "capture/processes/process_table.h"

namespace capture {

class Verdicts : public ProcessWatcher {
  public:
    explicit Verdicts(Programs& programs) : programs_(&programs) {}

    // Nobody wants the packets of this owner, whose process last changed at `change` (see
    // ProcessTable::settled).
    void refuse(const pidcap_owner& owner, uint64_t change);
    // Nothing is decided any more.
    void clear();

    void changed(const Process& process) override { take_back(process.pid); }
    void forgotten(const Process& process, uint64_t start_boot) override;

    // The same for a process that was forked, whose place in a tree is known now.
    void take_back(uint32_t pid);

  private:
    struct Before {
        bool operator()(const pidcap_subject& one, const pidcap_subject& other) const;
    };

    Programs* programs_;
    std::map<pidcap_subject, uint64_t, Before> refused_;  // with `change`; those of a pid together
};

}  // namespace capture
