// SPDX-License-Identifier: GPL-2.0-only
//
// Features: what this kernel grants, found out by trying, never by version. Each probe is made
// once, at the first question. `pidcap doctor` lists the answers (see feature_list.h), and a
// capture goes by them.
//
// Owns the kernel's type information. One thread.
#pragma once

#include <linux/bpf.h>

#include <map>
#include <optional>

#include "capture/kernel/kernel_types.h"

namespace capture {

class Features {
  public:
    const KernelTypes& types() const { return types_; }

    // Each returns the errno of the step that failed, or 0 if it works. Needs the privilege to load
    // programs.
    int fentry();
    int kprobe();
    int load(bpf_prog_type type);

    // The errno of reading the kernel's type information, or 0.
    static int type_information();

    // An XDP program can take packets in several pieces, and says so when it is loaded: from 5.18
    // on (commit f45d5b6ce2e8). Kernels before don't know the flag.
    bool has_xdp_pieces() const { return types_.has_function("bpf_xdp_get_buff_len"); }

    // Before 6.1 (commit fba1a1c6c912) hash maps allocate from the general pool, and the kernel
    // warns, or refuses, when a tracepoint's program makes them do so.
    bool can_allocate_in_tracepoints() const { return types_.has_struct("bpf_mem_alloc"); }

  private:
    KernelTypes types_;
    std::optional<int> fentry_;
    std::optional<int> kprobe_;
    std::map<bpf_prog_type, int> loads_;
};

}  // namespace capture
