// SPDX-License-Identifier: GPL-2.0-only
//
// Features: what this kernel supports, found out by trying, never by version. Each probe runs once,
// when it is first asked for. `pidcap doctor` lists the results (see feature_list.h), and a capture
// decides by them.
//
// Owns the kernel's type information, some 6 MiB. One thread.
#pragma once

#include <linux/bpf.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "capture/kernel/kernel_types.h"

namespace capture {

// What to do where the kernel gives no type information.
inline constexpr const char* kTypesRemedy =
    "give a file of it by --btf FILE (BTFHub has those of many distributions' kernels; `pahole "
    "--btf_encode_detached FILE vmlinux` makes one of a kernel with debug information), or use a "
    "kernel with CONFIG_DEBUG_INFO_BTF=y";

class Features {
  public:
    // `btf_file` has the kernel's type information; empty: the kernel itself.
    explicit Features(std::string btf_file = {}) : btf_file_(std::move(btf_file)) {}

    // Valid until free_types().
    const KernelTypes& types() const {
        if (!types_) {
            types_.emplace(btf_file_);
        }
        return *types_;
    }
    // Frees the type information. What asks for it later reads it again.
    void free_types() const { types_.reset(); }
    const std::string& btf_file() const { return btf_file_; }

    // Each returns the errno of the step that failed, or 0 if it works. Needs the privilege to load
    // programs.
    int fentry();
    int kprobe();
    int load(bpf_prog_type type);

    // Returns the errno of reading the kernel's type information (BTF), or 0.
    int type_information() const { return types().error(); }

    // Returns true if XDP programs can take packets in several buffers: since 5.18 (commit
    // f45d5b6ce2e8). A program declares it by a flag at load time, which older kernels don't know.
    bool has_xdp_pieces() const { return types().has_function("bpf_xdp_get_buff_len"); }

    // Returns true if programs can read by typed pointers, see KERNEL_READ() of bpf/kernel.h. What
    // the kernel calls its own types says so only if it has them itself.
    bool has_typed_reads() const {
        return btf_file_.empty() && types().has_function("bpf_rdonly_cast");
    }

    // Returns true if a tracepoint's program may make a hash map allocate. Before 6.1 (commit
    // fba1a1c6c912) hash maps allocate from the general pool, and the kernel warns about such a
    // program or refuses it.
    bool can_allocate_in_tracepoints() const { return types().has_struct("bpf_mem_alloc"); }

  private:
    std::string btf_file_;
    mutable std::optional<KernelTypes> types_;
    std::optional<int> fentry_;
    std::optional<int> kprobe_;
    std::map<bpf_prog_type, int> loads_;
};

}  // namespace capture
