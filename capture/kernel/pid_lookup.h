// SPDX-License-Identifier: GPL-2.0-only
//
// PidLookup: runs the program of bpf/pid_lookup.bpf.c, about 1 µs a question. It borrows the
// program's descriptor and the memory that it writes to. One thread.
#pragma once

#include "capture/processes/kernel_pids.h"

namespace capture {

class PidLookup : public KernelPids {
  public:
    PidLookup(int program_fd, const pidcap_pids* answer)
        : program_fd_(program_fd), answer_(answer) {}

    std::optional<pidcap_pids> by_own(uint32_t number) const override;
    std::optional<pidcap_pids> by_host(uint32_t number) const override;

  private:
    std::optional<pidcap_pids> ask(uint32_t number, pidcap_numbers numbers) const;

    int program_fd_;
    const pidcap_pids* answer_;
};

}  // namespace capture
