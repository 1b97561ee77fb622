// SPDX-License-Identifier: GPL-2.0-only
//
// Features: what this kernel supports, found out by trying, never by version. Each probe runs once,
// when it is first asked for. `pidcap doctor` lists the results (see feature_list.h), and a capture
// decides by them.
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

    // Returns the errno of reading the kernel's type information (BTF), or 0.
    static int type_information();

    // Returns true if XDP programs can take packets in several buffers: since 5.18 (commit
    // f45d5b6ce2e8). A program declares it by a flag at load time, which older kernels don't know.
    bool has_xdp_pieces() const { return types_.has_function("bpf_xdp_get_buff_len"); }

    // Returns true if a tracepoint's program may make a hash map allocate. Before 6.1 (commit
    // fba1a1c6c912) hash maps allocate from the general pool, and the kernel warns about such a
    // program or refuses it.
    bool can_allocate_in_tracepoints() const { return types_.has_struct("bpf_mem_alloc"); }

  private:
    KernelTypes types_;
    std::optional<int> fentry_;
    std::optional<int> kprobe_;
    std::map<bpf_prog_type, int> loads_;
};

}  // namespace capture
