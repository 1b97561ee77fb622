// SPDX-License-Identifier: GPL-2.0-only
//
// KernelTypes: looks up structs and functions in the kernel's type information (BTF): that which
// the running kernel gives, or a file's. If there is none, every look-up returns false.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct btf;

namespace capture {

class KernelTypes {
  public:
    // `file` is raw BTF, or an ELF file with a section of it; empty: the running kernel's.
    explicit KernelTypes(const std::string& file = {});

    // Returns the errno of reading it, or 0.
    int error() const { return error_; }

    bool has_struct(const std::string& name) const;
    bool has_function(const std::string& name) const;

  private:
    struct Free {
        void operator()(btf* types) const;
    };
    bool has(const std::string& name, uint32_t kind) const;

    std::unique_ptr<btf, Free> btf_;
    int error_ = 0;
};

}  // namespace capture
