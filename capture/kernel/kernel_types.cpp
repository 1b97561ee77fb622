// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/kernel_types.h"

#include <bpf/btf.h>

#include <algorithm>
#include <cerrno>

#include "capture/kernel/libbpf_log.h"

namespace capture {

void KernelTypes::Free::operator()(btf* types) const {
    btf__free(types);
}

KernelTypes::KernelTypes(const std::string& file) {
    const LibbpfLog quiet;
    btf_.reset(file.empty() ? btf__load_vmlinux_btf() : btf__parse(file.c_str(), nullptr));
    error_ = btf_ == nullptr ? std::max(errno, 1) : 0;
}

bool KernelTypes::has_struct(const std::string& name) const {
    return has(name, BTF_KIND_STRUCT);
}

bool KernelTypes::has_function(const std::string& name) const {
    return has(name, BTF_KIND_FUNC);
}

bool KernelTypes::has(const std::string& name, uint32_t kind) const {
    return btf_ != nullptr && btf__find_by_name_kind(btf_.get(), name.c_str(), kind) > 0;
}

}  // namespace capture
