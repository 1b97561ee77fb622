// SPDX-License-Identifier: GPL-2.0-only
//
// KernelTypes: looks up structs, functions and enums in the kernel's type information (BTF): that
// which the running kernel gives, or a file's. If there is none, every look-up finds nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

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

    // Returns the numbers and names of an enum, in its order. A negative number is its two's
    // complement of 64 bits.
    std::vector<std::pair<uint64_t, std::string>> enum_values(const std::string& name) const;
    // Returns where a variable is in the data of a CPU's own (.data..percpu), or nullopt.
    std::optional<uint32_t> per_cpu_offset(const std::string& variable) const;
    // Returns where a member of a struct is, in bytes, or nullopt.
    std::optional<uint32_t> member_offset(const std::string& name, const std::string& member) const;
    // Returns how many arguments a tracepoint has, or nullopt if the kernel hasn't got it.
    std::optional<uint32_t> tracepoint_arguments(const std::string& name) const;
    // Returns the number of a name in any enum, or nullopt if there is none, or enums disagree.
    std::optional<uint64_t> enumerator(const std::string& name) const;

  private:
    struct Free {
        void operator()(btf* types) const;
    };
    bool has(const std::string& name, uint32_t kind) const;

    std::unique_ptr<btf, Free> btf_;
    int error_ = 0;
    // All names in enums, filled in by the first call of enumerator(). nullopt: enums disagree.
    mutable std::unordered_map<std::string, std::optional<uint64_t>> enumerators_;
};

}  // namespace capture
