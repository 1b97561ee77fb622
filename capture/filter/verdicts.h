// SPDX-License-Identifier: GPL-2.0-only
//
// Verdicts: tells the kernel's programs which processes the process filter refuses, so that they
// drop those packets. A verdict is made when a packet of such a process has come, from all that is
// known of the process, and withdrawn when more becomes known. The kernel uses a verdict only as
// long as the process hasn't changed since (bpf/verdict.h). One thread.
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

    // Tells the kernel to drop the packets of this owner. Its process last changed at `change`, see
    // ProcessTable::settled().
    void refuse(const pidcap_owner& owner, uint64_t change);
    // Withdraws all verdicts.
    void clear();

    void changed(const Process& process) override { take_back(kernel_pid(process)); }
    void forgotten(const Process& process, uint64_t start_boot) override;

    // Withdraws the verdicts on a process. Call it also for a forked process, once its place in a
    // tree is known. `pid` is the kernel's.
    void take_back(uint32_t pid);

  private:
    struct Before {
        bool operator()(const pidcap_subject& one, const pidcap_subject& other) const;
    };

    Programs* programs_;
    std::map<pidcap_subject, uint64_t, Before> refused_;  // `change`; those of a pid are adjacent
};

}  // namespace capture
