// SPDX-License-Identifier: GPL-2.0-only
//
// KernelTypes: looks up structs and functions in the running kernel's type information (BTF). If
// the kernel has no BTF, every look-up returns false.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct btf;

namespace capture {

class KernelTypes {
  public:
    KernelTypes();

    bool has_struct(const std::string& name) const;
    bool has_function(const std::string& name) const;

  private:
    struct Free {
        void operator()(btf* types) const;
    };
    bool has(const std::string& name, uint32_t kind) const;

    std::unique_ptr<btf, Free> btf_;
};

}  // namespace capture
