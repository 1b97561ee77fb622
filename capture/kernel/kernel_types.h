// SPDX-License-Identifier: GPL-2.0-only
//
// KernelTypes: what the running kernel's type information (BTF) says it has. Without any, it has
// nothing.
#pragma once

#include <bpf/btf.h>

#include <memory>
#include <string>

namespace capture {

class KernelTypes {
  public:
    KernelTypes() : btf_(btf__load_vmlinux_btf(), btf__free) {}

    bool has_struct(const char* name) const { return has(name, BTF_KIND_STRUCT); }
    bool has_function(const std::string& name) const { return has(name.c_str(), BTF_KIND_FUNC); }

  private:
    bool has(const char* name, uint32_t kind) const {
        return btf_ != nullptr && btf__find_by_name_kind(btf_.get(), name, kind) > 0;
    }

    std::unique_ptr<btf, decltype(&btf__free)> btf_;
};

}  // namespace capture
