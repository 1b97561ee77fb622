// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/call_ends.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "capture/confinement/confinement.h"
#include "capture/kernel/libbpf_log.h"

namespace capture {
namespace {

Link attach_to_all_ends(const bpf_program& program) {
    const LibbpfLog quiet;
    return Link(bpf_program__attach_raw_tracepoint(&program, "sys_exit"));
}

bool can_attach_without_capabilities(const bpf_program& program) {
    const WithoutCapabilities none;
    return none.valid() && attach_to_all_ends(program) != nullptr;
}

}  // namespace

Result<CallEnds> CallEnds::follow(const Parts& parts) {
    CallEnds ends(parts);
    if (can_attach_without_capabilities(*parts.all) && ends.follow_some()) {
        return ends;
    }
    ends.some_.clear();
    if (!ends.follow_all()) {
        return pcapng::errno_error("attach to the raw tracepoint sys_exit", errno);
    }
    return ends;
}

void CallEnds::follow_wanted() {
    if (all_ != nullptr || __atomic_load_n(parts_.wanted, __ATOMIC_RELAXED) == 0) {
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_try_ && !follow_all()) {
        next_try_ = now + std::chrono::seconds(1);
    }
}

// The tracepoints need CONFIG_FTRACE_SYSCALLS, tracefs and CAP_PERFMON.
bool CallEnds::follow_some() {
    const struct {
        const bpf_program* program;
        const char* tracepoint;
    } ends[] = {
        {parts_.accept, "sys_exit_accept"},
        {parts_.accept, "sys_exit_accept4"},
        {parts_.netns, "sys_exit_setns"},
        {parts_.netns, "sys_exit_unshare"},
    };
    const LibbpfLog quiet;
    for (const auto& [program, tracepoint] : ends) {
        some_.emplace_back(bpf_program__attach_tracepoint(program, "syscalls", tracepoint));
        if (some_.back() == nullptr) {
            return false;
        }
    }
    return true;
}

bool CallEnds::follow_all() {
    all_ = attach_to_all_ends(*parts_.all);
    if (all_ == nullptr) {
        return false;
    }
    __atomic_store_n(parts_.seen, 1, __ATOMIC_SEQ_CST);
    return true;
}

}  // namespace capture
