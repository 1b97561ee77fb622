// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/xdp_verdicts.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <set>
#include <utility>

#include "capture/events/xdp_programs.h"

namespace capture {
namespace {

// What to do where a program can't be traced.
constexpr const char* kTier =
    "this takes a kernel that lets programs trace others: `pidcap doctor` shows whether it does, "
    "under fentry";
constexpr const char* kNoTypes =
    "they have no type information (BTF): compile them with `clang -g`, and load them by a loader "
    "that passes it on, as libbpf does";

// Returns the ids of the capture's own programs.
std::set<uint32_t> own_programs(const SharedParts& parts) {
    std::vector<int> fds = parts.filters;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, parts.object) {
        fds.push_back(bpf_program__fd(program));
    }
    std::set<uint32_t> ids;
    for (const int fd : fds) {
        bpf_prog_info info{};
        uint32_t size = sizeof(info);
        if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0) {
            ids.insert(info.id);
        }
    }
    return ids;
}

void add_to(std::map<std::string, std::string>& untraced, const std::string& program,
            const std::string& reason) {
    std::string& programs = untraced[reason];
    programs += (programs.empty() ? "" : ", ") + program;
}

}  // namespace

std::unique_ptr<XdpVerdicts> XdpVerdicts::load(const SharedParts& parts,
                                               const pidcap_own_events& numbers) {
    std::unique_ptr<XdpVerdicts> verdicts(new XdpVerdicts());
    auto programs = loaded_xdp_programs();
    if (!programs) {
        verdicts->notices_.push_back(
            fmt::format("--event xdp=all: only what --event xdp has is recorded: {}; it takes "
                        "CAP_SYS_ADMIN",
                        programs.error().message));
        return verdicts;
    }
    const std::set<uint32_t> own = own_programs(parts);
    std::erase_if(*programs,
                  [&own](const XdpProgram& program) { return own.contains(program.id); });
    if (programs->empty()) {
        verdicts->notices_.emplace_back(
            "--event xdp=all: no XDP program is loaded, and of those that are loaded later only "
            "what --event xdp has is recorded: begin the capture after them");
    }
    for (const XdpProgram& program : *programs) {
        std::string name = fmt::format("{} (id {})", program.name, program.id);
        if (program.function.empty()) {
            add_to(verdicts->untraced_, name, kNoTypes);
            continue;
        }
        auto probe = OwnProbe::of_verdicts(parts, numbers, program);
        if (!probe) {
            add_to(verdicts->untraced_, name, fmt::format("{}; {}", probe.error().message, kTier));
            continue;
        }
        verdicts->traced_.push_back({std::move(name), *std::move(probe)});
    }
    return verdicts;
}

Result<void> XdpVerdicts::attach() {
    std::erase_if(traced_, [this](const Traced& traced) {
        const auto attached = traced.probe->attach();
        if (!attached) {
            add_to(untraced_, traced.program,
                   fmt::format("{}; {}", attached.error().message, kTier));
        }
        return !attached;
    });
    for (const auto& [reason, programs] : std::exchange(untraced_, {})) {
        notices_.push_back(
            fmt::format("--event xdp=all: of these XDP programs only what --event xdp has is "
                        "recorded: {}: {}",
                        programs, reason));
    }
    return {};
}

uint64_t XdpVerdicts::missed() const {
    uint64_t missed = 0;
    for (const Traced& traced : traced_) {
        missed += traced.probe->missed();
    }
    return missed;
}

std::vector<std::string> XdpVerdicts::take_notices() {
    return std::exchange(notices_, {});
}

}  // namespace capture
