// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/plaintext_probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <utility>

#include "capture/kernel/load_error.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "pidcap_plaintext.skel.h"
#pragma GCC diagnostic pop

namespace capture::tls {
namespace {

using pcapng::errno_error;

// The system calls that move a connection's bytes, and have its descriptor as first argument.
constexpr uint32_t kNativeTransfers[] = {SYS_read,  SYS_readv,  SYS_recvfrom, SYS_recvmsg,
                                         SYS_write, SYS_writev, SYS_sendto,   SYS_sendmsg};
// Those of 32-bit programs: arch/x86/entry/syscalls/syscall_32.tbl, arch/arm/tools/syscall.tbl.
#ifdef __x86_64__
constexpr uint32_t kCompatTransfers[] = {3, 4, 145, 146, 369, 370, 371, 372};
#else
constexpr uint32_t kCompatTransfers[] = {3, 4, 145, 146, 289, 290, 291, 292, 296, 297};
#endif

template <typename Word, size_t kWords>
void set_bits(Word (&words)[kWords], std::span<const uint32_t> numbers) {
    for (const uint32_t number : numbers) {
        words[number / 64] |= Word{1} << (number % 64);
    }
}

pidcap_plaintext_point point_of(const PlaintextFunction& function) {
    pidcap_plaintext_point raw{};
    raw.object = raw_operand(function.object);
    raw.buffer = raw_operand(function.buffer);
    raw.length = raw_operand(function.length);
    raw.passed = raw_operand(function.passed);
    raw.flags = raw_operand(function.flags);
    raw.stack = raw_operand(function.stack);
    raw.routine = raw_operand(function.routine);
    raw.result = raw_operand(function.result);
    raw.library = static_cast<uint8_t>(function.library);
    raw.call = static_cast<uint8_t>(function.call);
    raw.direction = is_sending(function.call) ? PIDCAP_OUT : PIDCAP_IN;
    raw.has_passed = function.has_passed ? 1 : 0;
    raw.has_flags = function.has_flags ? 1 : 0;
    raw.has_wide_length = function.has_wide_length ? 1 : 0;
    raw.has_wide_result = function.has_wide_result ? 1 : 0;
    raw.has_routine = function.library == PlaintextLibrary::kGo ? 1 : 0;
    raw.is_repeating = is_repeating(function.call) ? 1 : 0;
    raw.owns_returns = function.owns_returns ? 1 : 0;
    raw.pointers_of_32_bits = function.pointers_of_32_bits ? 1 : 0;
    return raw;
}

bool is_sound(const PlaintextFunction& function) {
    return is_sound(function.object) && is_sound(function.buffer) && is_sound(function.length) &&
           is_sound(function.passed) && is_sound(function.flags) && is_sound(function.stack) &&
           is_sound(function.routine) && is_sound(function.result);
}

}  // namespace

void PlaintextProbes::CloseSkeleton::operator()(pidcap_plaintext_bpf* skeleton) const {
    pidcap_plaintext_bpf__destroy(skeleton);
}

PlaintextProbes::PlaintextProbes(Skeleton skeleton, const ProbeSettings& settings, bool has_cookies)
    : skeleton_(std::move(skeleton)), settings_(settings), has_cookies_(has_cookies) {}

PlaintextProbes::PlaintextProbes(PlaintextProbes&&) noexcept = default;
PlaintextProbes::~PlaintextProbes() = default;

std::vector<int> PlaintextProbes::descriptors(const PlaintextSettings& settings) {
    std::vector<int> all;
    for (const char* name : {"rings", "drops", ".data.shared"}) {
        all.push_back(bpf_object__find_map_fd_by_name(settings.parts.object, name));
    }
    return all;
}

Result<PlaintextProbes::Skeleton> PlaintextProbes::load_skeleton(const ProbeSettings& settings,
                                                                 bool has_cookies,
                                                                 uint32_t only_point,
                                                                 const pidcap_plaintext_bpf* first,
                                                                 bool at_end) {
    LibbpfLog log;
    libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
    const SharedParts& parts = settings.plaintext->parts;
    LIBBPF_OPTS(bpf_object_open_opts, opening);
    opening.btf_custom_path = parts.btf_file.empty() ? nullptr : parts.btf_file.c_str();
    Skeleton skeleton(pidcap_plaintext_bpf__open_opts(&opening));
    if (skeleton == nullptr) {
        return errno_error("open the programs for TLS plaintext", errno);
    }
    auto& data = *skeleton->rodata;
    data.has_cookies = has_cookies ? 1 : 0;
    data.only_point = only_point;
    data.only_uid = settings.only_uid.value_or(0);
    data.has_only_uid = settings.only_uid ? 1 : 0;
    data.small_ring_bytes = parts.small_ring_bytes;
    data.event_number = settings.plaintext->event;
    set_bits(data.native_transfers, kNativeTransfers);
    set_bits(data.compat_transfers, kCompatTransfers);
    expect_probes(*skeleton->progs.plaintext_begin);
    expect_probes(*skeleton->progs.plaintext_end);
    int code = bpf_map__reuse_fd(skeleton->maps.secrets_missed, settings.secrets_missed);
    if (code == 0) {
        code = share_maps(parts, *skeleton->obj);
    }
    if (code == 0 && first != nullptr) {
        SharedParts own;
        own.object = first->obj;
        code = share_maps(own, *skeleton->obj);
        bpf_program__set_autoload(skeleton->progs.plaintext_socket, false);
        bpf_program__set_autoload(skeleton->progs.plaintext_begin, !at_end);
        bpf_program__set_autoload(skeleton->progs.plaintext_end, at_end);
    }
    if (code == 0) {
        code = pidcap_plaintext_bpf__load(skeleton.get());
    }
    if (code != 0) {
        return load_error("load the programs for TLS plaintext", -code, log);
    }
    return skeleton;
}

Result<PlaintextProbes> PlaintextProbes::load(const ProbeSettings& settings) {
    bool has_cookies = true;
    auto skeleton = load_skeleton(settings, has_cookies, 0);
    if (!skeleton) {
        has_cookies = false;
        skeleton = load_skeleton(settings, has_cookies, 0);
    }
    if (!skeleton) {
        return std::move(skeleton).error();
    }
    PlaintextProbes probes(*std::move(skeleton), settings, has_cookies);
    probes.sockets_.reset(bpf_program__attach(probes.skeleton_->progs.plaintext_socket));
    if (probes.sockets_ == nullptr) {
        return errno_error("attach to the entry of system calls", errno);
    }
    return probes;
}

Result<uint32_t> PlaintextProbes::add_point(const PlaintextFunction& function) {
    const uint32_t number = points_ + 1;
    if (number >= PIDCAP_PLAINTEXT_POINTS_MAX) {
        return pcapng::Error{"there are too many files with TLS libraries", ENOSPC};
    }
    const pidcap_plaintext_point raw = point_of(function);
    if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.points), &number, &raw, BPF_ANY) != 0) {
        return errno_error("note a function", errno);
    }
    points_ = number;
    return number;
}

Result<void> PlaintextProbes::attach_all(std::vector<Probe>& probes, const std::string& path,
                                         const std::vector<ProbePoint>& points, bool at_end) {
    const auto program_of = [&](const pidcap_plaintext_bpf& skeleton) {
        return at_end ? skeleton.progs.plaintext_end : skeleton.progs.plaintext_begin;
    };
    const auto attach = [&](const pidcap_plaintext_bpf& skeleton,
                            std::span<const ProbePoint> some) -> Result<void> {
        auto probe = attach_probe(*program_of(skeleton), path, some, has_cookies_);
        if (!probe) {
            return errno_error(fmt::format("attach at {:#x}", some[0].offset), probe.error().code);
        }
        probes.push_back(*std::move(probe));
        return {};
    };
    if (has_cookies_) {
        return attach(*skeleton_, points);
    }
    std::map<uint64_t, std::vector<ProbePoint>> by_number;
    for (const ProbePoint& point : points) {
        by_number[point.number].push_back(point);
    }
    for (const auto& [number, some] : by_number) {
        // The link keeps the program, which keeps its maps.
        auto own =
            load_skeleton(settings_, false, static_cast<uint32_t>(number), skeleton_.get(), at_end);
        if (!own) {
            return std::move(own).error();
        }
        if (auto attached = attach(**own, some); !attached) {
            return attached;
        }
    }
    return {};
}

Result<std::vector<Probe>> PlaintextProbes::attach(const std::string& path,
                                                   std::span<const PlaintextFunction> functions) {
    std::vector<ProbePoint> begins;
    std::map<uint64_t, uint64_t> ends;  // number by offset: several functions may share a return
    for (const PlaintextFunction& function : functions) {
        if (!is_sound(function)) {
            return errno_error(fmt::format("attach to {}", name_of(function.call)), EINVAL);
        }
        const auto number = add_point(function);
        if (!number) {
            return number.error();
        }
        begins.push_back({function.file_offset, *number});
        for (const uint64_t offset : function.return_offsets) {
            const auto [end, is_new] = ends.try_emplace(offset, *number);
            if (!is_new && function.owns_returns) {
                end->second = *number;
            }
        }
    }
    std::vector<ProbePoint> returns;
    returns.reserve(ends.size());
    for (const auto& [offset, number] : ends) {
        returns.push_back({offset, number});
    }
    // The returns first: a call that is seen to begin is to be seen to end.
    std::vector<Probe> probes;
    auto attached = attach_all(probes, path, returns, true);
    if (attached) {
        attached = attach_all(probes, path, begins, false);
    }
    if (!attached) {
        return std::move(attached).error();
    }
    return probes;
}

}  // namespace capture::tls
