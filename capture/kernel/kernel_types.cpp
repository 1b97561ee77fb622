// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/kernel_types.h"

#include <bpf/btf.h>

#include <algorithm>
#include <cerrno>

#include "capture/kernel/libbpf_log.h"

namespace capture {
namespace {

std::vector<std::pair<uint64_t, std::string>> values_of(const btf& types, const btf_type& type) {
    std::vector<std::pair<uint64_t, std::string>> values;
    const auto add = [&](uint64_t number, uint32_t name) {
        const char* text = btf__name_by_offset(&types, name);
        if (text != nullptr) {
            values.emplace_back(number, text);
        }
    };
    const bool is_signed = BTF_INFO_KFLAG(type.info);
    for (uint32_t i = 0; i < btf_vlen(&type); i++) {
        if (btf_is_enum64(&type)) {
            const struct btf_enum64& one = ::btf_enum64(&type)[i];
            add(btf_enum64_value(&one), one.name_off);
        } else {
            // Before Linux 6.0 nothing says whether an enum is signed; a constant above INT_MAX is
            // rarer than a negative one.
            const struct btf_enum& one = ::btf_enum(&type)[i];
            add(is_signed || one.val < 0 ? static_cast<uint64_t>(int64_t{one.val})
                                         : static_cast<uint32_t>(one.val),
                one.name_off);
        }
    }
    return values;
}

}  // namespace

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

std::vector<std::pair<uint64_t, std::string>> KernelTypes::enum_values(
    const std::string& name) const {
    for (const uint32_t kind : {uint32_t{BTF_KIND_ENUM}, uint32_t{BTF_KIND_ENUM64}}) {
        const int id =
            btf_ != nullptr ? btf__find_by_name_kind(btf_.get(), name.c_str(), kind) : -1;
        if (id > 0) {
            return values_of(*btf_, *btf__type_by_id(btf_.get(), static_cast<uint32_t>(id)));
        }
    }
    return {};
}

std::optional<uint32_t> KernelTypes::per_cpu_offset(const std::string& variable) const {
    if (btf_ == nullptr) {
        return std::nullopt;
    }
    const int section = btf__find_by_name_kind(btf_.get(), ".data..percpu", BTF_KIND_DATASEC);
    const int wanted = btf__find_by_name_kind(btf_.get(), variable.c_str(), BTF_KIND_VAR);
    if (section <= 0 || wanted <= 0) {
        return std::nullopt;
    }
    const btf_type* type = btf__type_by_id(btf_.get(), static_cast<uint32_t>(section));
    const btf_var_secinfo* variables = btf_var_secinfos(type);
    for (uint32_t i = 0; i < btf_vlen(type); i++) {
        if (variables[i].type == static_cast<uint32_t>(wanted)) {
            return variables[i].offset;
        }
    }
    return std::nullopt;
}

std::optional<uint32_t> KernelTypes::member_offset(const std::string& name,
                                                   const std::string& member) const {
    const int id =
        btf_ != nullptr ? btf__find_by_name_kind(btf_.get(), name.c_str(), BTF_KIND_STRUCT) : -1;
    if (id <= 0) {
        return std::nullopt;
    }
    const btf_type* type = btf__type_by_id(btf_.get(), static_cast<uint32_t>(id));
    const btf_member* members = btf_members(type);
    for (uint32_t i = 0; i < btf_vlen(type); i++) {
        const char* text = btf__name_by_offset(btf_.get(), members[i].name_off);
        if (text != nullptr && member == text) {
            return btf_member_bit_offset(type, i) / 8;
        }
    }
    return std::nullopt;
}

std::optional<uint64_t> KernelTypes::enumerator(const std::string& name) const {
    if (enumerators_.empty() && btf_ != nullptr) {
        for (uint32_t id = 1; id < btf__type_cnt(btf_.get()); id++) {
            const btf_type* type = btf__type_by_id(btf_.get(), id);
            if (!btf_is_any_enum(type)) {
                continue;
            }
            for (auto& [number, text] : values_of(*btf_, *type)) {
                const auto [known, fresh] = enumerators_.try_emplace(std::move(text), number);
                if (!fresh && known->second != number) {
                    known->second.reset();
                }
            }
        }
    }
    const auto found = enumerators_.find(name);
    return found != enumerators_.end() ? found->second : std::nullopt;
}

// The type of its programs has the name btf_trace_NAME, and one argument more.
std::optional<uint32_t> KernelTypes::tracepoint_arguments(const std::string& name) const {
    const int id =
        btf_ != nullptr
            ? btf__find_by_name_kind(btf_.get(), ("btf_trace_" + name).c_str(), BTF_KIND_TYPEDEF)
            : -1;
    if (id <= 0) {
        return std::nullopt;
    }
    const btf_type* type = btf__type_by_id(btf_.get(), static_cast<uint32_t>(id));
    type = btf__type_by_id(btf_.get(), type->type);  // a pointer
    type = type != nullptr ? btf__type_by_id(btf_.get(), type->type) : nullptr;
    if (type == nullptr || !btf_is_func_proto(type) || btf_vlen(type) == 0) {
        return std::nullopt;
    }
    return btf_vlen(type) - 1U;
}

bool KernelTypes::has(const std::string& name, uint32_t kind) const {
    return btf_ != nullptr && btf__find_by_name_kind(btf_.get(), name.c_str(), kind) > 0;
}

}  // namespace capture
