// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/call_ends.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "capture/confinement/confinement.h"
#include "capture/kernel/libbpf_log.h"
#include "capture/kernel/tracefs.h"

namespace capture {
namespace {

Link attach_to_all_ends(const bpf_program& program) {
    const LibbpfLog quiet;
    return Link(bpf_program__attach_raw_tracepoint(&program, "sys_exit"));
}

// Returns null where there is no such tracepoint, or it can't be attached to.
Link attach_to_end(const bpf_program& program, const Tracefs& tracefs, const char* tracepoint) {
    const auto id = tracefs.id({"syscalls", tracepoint});
    pcapng::Fd event = id ? open_tracepoint(*id) : pcapng::Fd();
    if (!event.valid()) {
        return nullptr;
    }
    const LibbpfLog quiet;
    Link link(bpf_program__attach_perf_event(&program, event.get()));
    if (link != nullptr) {
        (void)event.release();  // the link closes it
    }
    return link;
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

// The tracepoints need CONFIG_FTRACE_SYSCALLS, CAP_PERFMON, and CAP_SYS_ADMIN or a tracefs that is
// mounted.
bool CallEnds::follow_some() {
    const auto tracefs = Tracefs::open();
    if (!tracefs) {
        return false;
    }
    const struct {
        const bpf_program* program;
        const char* tracepoint;
    } ends[] = {
        {parts_.accept, "sys_exit_accept"},
        {parts_.accept, "sys_exit_accept4"},
        {parts_.netns, "sys_exit_setns"},
        {parts_.netns, "sys_exit_unshare"},
    };
    for (const auto& [program, tracepoint] : ends) {
        some_.push_back(attach_to_end(*program, *tracefs, tracepoint));
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
