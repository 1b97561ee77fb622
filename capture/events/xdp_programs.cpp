// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/xdp_programs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Fd;
using pcapng::Result;

struct FreeTypes {
    void operator()(btf* types) const { btf__free(types); }
};

// Returns the name of a type, or an empty string.
std::string name_of_type(uint32_t types_id, uint32_t type_id) {
    const std::unique_ptr<btf, FreeTypes> types(btf__load_from_kernel_by_id(types_id));
    const btf_type* const type = types ? btf__type_by_id(types.get(), type_id) : nullptr;
    const char* const name = type ? btf__name_by_offset(types.get(), type->name_off) : nullptr;
    return name != nullptr ? name : "";
}

// Returns nullopt if it is no XDP program.
std::optional<XdpProgram> describe(Fd fd) {
    bpf_func_info first{};  // of the function in which the program begins
    bpf_prog_info info{};
    uint32_t size = sizeof(info);
    info.func_info = reinterpret_cast<uintptr_t>(&first);
    info.func_info_rec_size = sizeof(first);
    info.nr_func_info = 1;
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0 || info.type != BPF_PROG_TYPE_XDP) {
        return std::nullopt;
    }
    XdpProgram program{info.id, info.name, {}, std::move(fd)};
    if (info.btf_id != 0 && info.nr_func_info > 0) {
        program.function = name_of_type(info.btf_id, first.type_id);
    }
    return program;
}

}  // namespace

Result<std::vector<XdpProgram>> loaded_xdp_programs() {
    std::vector<XdpProgram> programs;
    uint32_t id = 0;
    while (bpf_prog_get_next_id(id, &id) == 0) {
        Fd fd(bpf_prog_get_fd_by_id(id));
        if (!fd.valid()) {
            if (errno == ENOENT) {
                continue;  // it has gone
            }
            break;
        }
        if (auto program = describe(std::move(fd))) {
            programs.push_back(*std::move(program));
        }
    }
    if (errno != ENOENT) {
        return errno_error("list the programs of XDP", errno);
    }
    return programs;
}

}  // namespace capture
