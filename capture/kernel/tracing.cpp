// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/tracing.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "capture/kernel/features.h"
#include "capture/kernel/kernel_types.h"

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Error;

// Kernel functions whose first argument is a socket that the current process uses. bpf/fentry.bpf.c
// has one program for each, bpf/kprobe.bpf.c two for all.
struct Function {
    const char* name;
    bool receives;
    bool needed;  // false: some kernels don't have it
};

constexpr std::array<Function, 16> kFunctions{{
    {"inet_sendmsg", false, true},
    {"inet6_sendmsg", false, true},
    {"inet_sendpage", false, false},
    {"inet_splice_eof", false, false},
    {"packet_sendmsg", false, false},
    {"packet_sendmsg_spkt", false, false},
    {"security_socket_bind", false, true},
    {"security_socket_connect", false, true},
    {"security_socket_listen", false, true},
    {"security_socket_shutdown", false, true},
    {"inet_recvmsg", true, true},
    {"inet6_recvmsg", true, true},
    {"sock_common_recvmsg", true, false},
    {"tcp_splice_read", true, false},
    {"mptcp_stream_accept", true, false},
    {"inet_accept", true, true},
}};

// The programs of each kind of tracing, by their ELF section.
enum Ways : unsigned { kByFentry = 1, kByKprobe = 2, kBySyscalls = 4 };

struct Part {
    std::string_view section;  // prefix of the section's name
    unsigned ways;
    bool needed;  // false: not needed on a kernel without io_uring
};

constexpr std::string_view kKprobeSection = "kprobe";
constexpr std::string_view kCallEndSection = "raw_tp/sys_exit";
constexpr std::string_view kSingleCallSection = "tracepoint";
constexpr std::array<Part, 9> kParts{{
    {"fentry/", kByFentry, true},
    {"fexit/", kByFentry, true},
    {kKprobeSection, kByKprobe, true},
    {"raw_tp/sys_enter", kBySyscalls, true},
    {kCallEndSection, kByKprobe | kBySyscalls, true},
    {kSingleCallSection, kBySyscalls, true},
    {"raw_tp/io_uring_file_get", kBySyscalls, false},
    {"raw_tp/io_uring_submit_req", kBySyscalls, false},
    {"raw_tp/io_uring_complete", kByKprobe | kBySyscalls, false},
}};

const Part* part_of(const bpf_program& program) {
    const std::string_view section = bpf_program__section_name(&program);
    for (const Part& part : kParts) {
        if (section.starts_with(part.section)) {
            return &part;
        }
    }
    return nullptr;
}

unsigned way(Tracing tracing) {
    switch (tracing) {
        case Tracing::kFentry:
            return kByFentry;
        case Tracing::kKprobe:
            return kByKprobe;
        case Tracing::kSyscalls:
            break;
    }
    return kBySyscalls;
}

// Returns why this kernel doesn't allow it, or an empty string if it does.
std::string refusal(Tracing tracing, Features& kernel) {
    if (std::string missing = missing_for(tracing, kernel.types()); !missing.empty()) {
        return missing;
    }
    const int code = tracing == Tracing::kFentry   ? kernel.fentry()
                     : tracing == Tracing::kKprobe ? kernel.kprobe()
                                                   : 0;
    return code == 0 ? "" : std::generic_category().message(code);
}

Result<void> attach_kprobes(const bpf_program& program, const KernelTypes& kernel,
                            std::vector<Link>& links) {
    const bool receives = std::string_view(bpf_program__name(&program)) == "receiving_entered";
    for (const Function& function : kFunctions) {
        if (function.receives != receives || !kernel.has_function(function.name)) {
            continue;
        }
        links.emplace_back(bpf_program__attach_kprobe(&program, false, function.name));
        if (links.back() == nullptr) {
            return errno_error(fmt::format("attach a kprobe to {}", function.name), errno);
        }
    }
    return {};
}

}  // namespace

const char* name_of(Tracing tracing) {
    switch (tracing) {
        case Tracing::kFentry:
            return "fentry";
        case Tracing::kKprobe:
            return "kprobe";
        case Tracing::kSyscalls:
            break;
    }
    return "syscalls";
}

const char* tier_of(Tracing tracing) {
    return tracing == Tracing::kSyscalls ? "locked" : "tracing";
}

std::string missing_for(Tracing tracing, const KernelTypes& kernel) {
    if (tracing == Tracing::kSyscalls) {
        return {};
    }
    for (const Function& function : kFunctions) {
        if (function.needed && !kernel.has_function(function.name)) {
            return fmt::format("this kernel has no function {}", function.name);
        }
    }
    if (tracing == Tracing::kFentry && !kernel.has_function("switch_task_namespaces")) {
        return "this kernel has no function switch_task_namespaces";
    }
    // Before commit e21aa341785c (Linux 5.12, and the long-term ones since), detaching a program
    // from the exit of a function frees the trampoline's code even while a process sleeps in the
    // function, as in one that receives, and will return to that code.
    if (tracing == Tracing::kFentry && !kernel.has_struct("bpf_tramp_image")) {
        return "this kernel can't take a program off a function in which a process sleeps";
    }
    return {};
}

Result<Tracing> choose_tracing(std::optional<Tracing> wanted, Features& kernel) {
    if (wanted) {
        if (const std::string reason = refusal(*wanted, kernel); !reason.empty()) {
            return Error{fmt::format(
                "--tracing {}: {}; without the option, pidcap uses the best that the kernel allows",
                name_of(*wanted), reason)};
        }
        return *wanted;
    }
    for (const Tracing tracing : {Tracing::kFentry, Tracing::kKprobe}) {
        if (refusal(tracing, kernel).empty()) {
            return tracing;
        }
    }
    return Tracing::kSyscalls;
}

void DestroyLink::operator()(bpf_link* link) const {
    bpf_link__destroy(link);
}

void choose_tracing_programs(bpf_object& object, std::optional<Tracing> tracing,
                             const KernelTypes& kernel) {
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, &object) {
        const Part* part = part_of(*program);
        if (part == nullptr) {
            continue;
        }
        bool wanted = tracing && (part->ways & way(*tracing)) != 0;
        if (wanted && *tracing == Tracing::kFentry) {
            const std::string section = bpf_program__section_name(program);
            wanted = kernel.has_function(section.substr(part->section.size()));
        }
        bpf_program__set_autoload(program, wanted);
    }
}

Result<std::vector<Link>> attach_tracing(const bpf_object& object, Tracing tracing,
                                         const Features& kernel) {
    std::vector<Link> links;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, &object) {
        const Part* part = part_of(*program);
        if (part == nullptr || !bpf_program__autoload(program)) {
            continue;
        }
        if (tracing == Tracing::kSyscalls &&
            (part->section == kCallEndSection || part->section == kSingleCallSection)) {
            continue;
        }
        if (part->section == kKprobeSection) {
            if (auto attached = attach_kprobes(*program, kernel.types(), links); !attached) {
                return std::move(attached).error();
            }
        } else if (Link link(bpf_program__attach(program)); link != nullptr) {
            links.push_back(std::move(link));
        } else if (part->needed || errno != ENOENT) {
            return errno_error(fmt::format("attach to {}", bpf_program__section_name(program)),
                               errno);
        }
    }
    return links;
}

uint64_t misses_of(int program_fd) {
    bpf_prog_info info{};
    __u32 size = sizeof(info);
    const bool known = bpf_obj_get_info_by_fd(program_fd, &info, &size) == 0;
    return known ? info.recursion_misses : 0;  // 0 before Linux 5.12
}

uint64_t misses_of(const bpf_program& program) {
    return misses_of(bpf_program__fd(&program));
}

uint64_t missed_uses(const bpf_object& object) {
    uint64_t misses = 0;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, &object) {
        if (part_of(*program) != nullptr && bpf_program__autoload(program)) {
            misses += misses_of(*program);
        }
    }
    return misses;
}

}  // namespace capture
