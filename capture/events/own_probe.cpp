// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/own_probe.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "capture/events/own_layouts.h"
#include "capture/kernel/load_error.h"
#include "capture/kernel/socket_calls.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "pidcap_own.skel.h"
#pragma GCC diagnostic pop

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Error;

// Reasons that belong to ordinary work: queues that are emptied, sockets that are closed.
constexpr std::string_view kOrdinary[] = {"CONSUMED", "QUEUE_PURGE", "SOCKET_CLOSE"};
// What empties the queues of a socket at its end. Kernels that have no reason QUEUE_PURGE tell it
// by nothing else.
constexpr std::array<std::string_view, 3> kPurgeFunctions = {
    "inet_sock_destruct", "sk_stream_kill_queues", "skb_queue_purge"};
static_assert(kPurgeFunctions.size() <= PIDCAP_PURGE_FUNCTIONS);
// Says nothing. Older kernels than 5.17 give no reason at all: 0.
constexpr std::string_view kUnspecified = "NOT_SPECIFIED";

constexpr std::string_view kLoad = "load the programs for events";

template <typename Hidden>
void hide(std::string_view name, const std::vector<std::pair<uint64_t, std::string>>& reasons,
          Hidden& hidden) {
    for (const auto& [number, reason] : reasons) {
        if (reason == name && number < PIDCAP_DROP_REASONS) {
            hidden[number / 64] |= 1ULL << (number % 64);
        }
    }
}

}  // namespace

void OwnProbe::CloseSkeleton::operator()(pidcap_own_bpf* skeleton) const {
    pidcap_own_bpf__destroy(skeleton);
}

OwnProbe::~OwnProbe() = default;

Result<std::unique_ptr<OwnProbe>> OwnProbe::open(const SharedParts& parts,
                                                 const pidcap_own_events& numbers) {
    const LibbpfLog log;
    libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
    LIBBPF_OPTS(bpf_object_open_opts, opening);
    opening.btf_custom_path = parts.btf_file.empty() ? nullptr : parts.btf_file.c_str();
    Skeleton skeleton(pidcap_own_bpf__open_opts(&opening));
    if (skeleton == nullptr) {
        return load_error(kLoad, errno, log);
    }
    skeleton->rodata->small_ring_bytes = parts.small_ring_bytes;
    skeleton->rodata->memory_seed = parts.memory_seed;
    skeleton->rodata->tick_ns = parts.tick_ns;
    skeleton->rodata->sk_owner_id = parts.sk_owner_id;
    skeleton->rodata->own_events = numbers;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton->obj) {
        bpf_program__set_autoload(program, false);
    }
    // Made only if their programs are.
    bpf_map__set_autocreate(skeleton->maps.connect_calls, false);
    bpf_map__set_autocreate(skeleton->maps.connections, false);
    return std::unique_ptr<OwnProbe>(new OwnProbe(std::move(skeleton)));
}

void OwnProbe::add(bpf_program* program, const char* tracepoint) {
    bpf_program__set_autoload(program, true);
    attachments_.push_back({program, tracepoint});
}

Result<void> OwnProbe::load(const SharedParts& parts) {
    const LibbpfLog log;
    int code = share_maps(parts, *skeleton_->obj);
    if (code == 0) {
        code = pidcap_own_bpf__load(skeleton_.get());
    }
    return code == 0 ? Result<void>() : load_error(kLoad, -code, log);
}

Result<std::unique_ptr<OwnProbe>> OwnProbe::of_sockets(const SharedParts& parts,
                                                       const pidcap_own_events& numbers) {
    auto probe = open(parts, numbers);
    if (!probe) {
        return probe;
    }
    pidcap_own_bpf& skeleton = *(*probe)->skeleton_;
    skeleton.rodata->native_socket_calls = native_connection_calls();
    skeleton.rodata->compat_socket_calls = compat_connection_calls();
    bpf_map__set_autocreate(skeleton.maps.connect_calls, true);
    bpf_map__set_autocreate(skeleton.maps.connections, true);
    (*probe)->add(skeleton.progs.socket_state, "inet_sock_set_state");
    (*probe)->add(skeleton.progs.socket_call_ends, "sys_exit");
    (*probe)->add(skeleton.progs.socket_call_begins, "sys_enter");
    if (auto loaded = (*probe)->load(parts); !loaded) {
        return std::move(loaded).error();
    }
    return probe;
}

Result<std::unique_ptr<OwnProbe>> OwnProbe::of_drops(const SharedParts& parts,
                                                     const pidcap_own_events& numbers,
                                                     const KernelTypes& kernel,
                                                     const KernelSymbols& symbols, bool all) {
    const auto arguments = kernel.tracepoint_arguments("kfree_skb");
    if (!arguments) {
        return Error{"this kernel has no tracepoint kfree_skb", ENOENT};
    }
    auto probe = open(parts, numbers);
    if (!probe) {
        return probe;
    }
    pidcap_own_bpf& skeleton = *(*probe)->skeleton_;
    skeleton.rodata->drop_arguments = *arguments;
    skeleton.rodata->all_drops = all ? 1 : 0;
    const auto reasons = drop_reasons(kernel);
    for (const std::string_view name : kOrdinary) {
        hide(name, reasons, skeleton.rodata->hidden_reasons);
    }
    for (const auto& [number, name] : reasons) {
        if (name == kUnspecified) {
            skeleton.rodata->unspecified_reason = static_cast<uint32_t>(number);
        }
    }
    pidcap_function* place = skeleton.rodata->purge_functions;
    for (const std::string_view name : kPurgeFunctions) {
        if (const auto addresses = symbols.addresses_of(name)) {
            *place++ = {addresses->first, addresses->second};
        }
    }
    (*probe)->add(skeleton.progs.packet_dropped, "kfree_skb");
    if (auto loaded = (*probe)->load(parts); !loaded) {
        return std::move(loaded).error();
    }
    return probe;
}

Result<std::unique_ptr<OwnProbe>> OwnProbe::of_xdp(const SharedParts& parts,
                                                   const pidcap_own_events& numbers,
                                                   const KernelTypes& kernel) {
    auto probe = open(parts, numbers);
    if (!probe) {
        return probe;
    }
    pidcap_own_bpf& skeleton = *(*probe)->skeleton_;
    const std::pair<bpf_program*, const char*> wanted[] = {
        {skeleton.progs.xdp_exception, "xdp_exception"},
        {skeleton.progs.xdp_redirect_failed, "xdp_redirect_err"},
        {skeleton.progs.xdp_not_sent, "xdp_devmap_xmit"}};
    for (const auto& [program, tracepoint] : wanted) {
        if (kernel.tracepoint_arguments(tracepoint)) {
            (*probe)->add(program, tracepoint);
        }
    }
    if (auto loaded = (*probe)->load(parts); !loaded) {
        return std::move(loaded).error();
    }
    return probe;
}

Result<std::unique_ptr<OwnProbe>> OwnProbe::of_verdicts(const SharedParts& parts,
                                                        const pidcap_own_events& numbers,
                                                        const XdpProgram& traced) {
    auto probe = open(parts, numbers);
    if (!probe) {
        return probe;
    }
    pidcap_own_bpf& skeleton = *(*probe)->skeleton_;
    skeleton.rodata->traced_program = traced.id;
    traced.name.copy(skeleton.rodata->traced_name, sizeof(skeleton.rodata->traced_name));
    bpf_program* const program = skeleton.progs.xdp_verdict;
    (*probe)->add(program, nullptr);
    {
        const LibbpfLog log;
        if (const int code =
                bpf_program__set_attach_target(program, traced.fd.get(), traced.function.c_str());
            code != 0) {
            return load_error(kLoad, -code, log);
        }
    }
    if (auto loaded = (*probe)->load(parts); !loaded) {
        return std::move(loaded).error();
    }
    return probe;
}

Result<void> OwnProbe::attach() {
    const LibbpfLog quiet;
    for (const auto& [program, tracepoint] : attachments_) {
        links_.emplace_back(tracepoint != nullptr
                                ? bpf_program__attach_raw_tracepoint(program, tracepoint)
                                : bpf_program__attach(program));
        if (links_.back() == nullptr) {
            const int code = errno;
            links_.pop_back();
            return errno_error(tracepoint != nullptr
                                   ? fmt::format("attach to the raw tracepoint {}", tracepoint)
                                   : fmt::format("attach {}", bpf_program__name(program)),
                               code);
        }
    }
    return {};
}

uint64_t OwnProbe::missed() const {
    uint64_t missed = 0;
    for (const auto& [program, tracepoint] : attachments_) {
        missed += misses_of(*program);
    }
    return missed;
}

}  // namespace capture
