// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "bpf/contract.h"
#include "capture/kernel/bpf_probe.h"
#include "capture/kernel/libbpf_log.h"
#include "capture/kernel/uprobe_multi.h"

namespace capture::tls {
namespace {

using pcapng::errno_error;
using pcapng::Fd;

// Of struct pt_regs: from asm/ptrace.h. x86-64: r15 to ss. aarch64: struct user_pt_regs.
#ifdef __aarch64__
constexpr size_t kRegisterBytes = 34 * sizeof(uint64_t);
#else
constexpr size_t kRegisterBytes = 21 * sizeof(uint64_t);
#endif

}  // namespace

bool probes_by_links() {
    static const bool kByLinks = [] {
        const LibbpfLog quiet;
        return try_uprobe_multi() == 0;
    }();
    return kByLinks;
}

void expect_probes(bpf_program& program) {
    if (probes_by_links()) {
        bpf_program__set_expected_attach_type(&program, kUprobeMultiAttach);
    }
}

Result<Probe> attach_probe(const bpf_program& program, const std::string& path,
                           std::span<const ProbePoint> points, bool has_cookies) {
    if (probes_by_links()) {
        std::vector<uint64_t> offsets;
        std::vector<uint64_t> cookies;
        for (const ProbePoint& point : points) {
            offsets.push_back(point.offset);
            cookies.push_back(point.number);
        }
        Fd link(link_uprobes(bpf_program__fd(&program), path.c_str(), offsets, cookies));
        return link.valid() ? Result<Probe>(Probe(std::move(link))) : errno_error("attach", errno);
    }
    const LibbpfLog quiet;
    std::vector<Link> links;
    for (const ProbePoint& point : points) {
        LIBBPF_OPTS(bpf_uprobe_opts, options);
        options.bpf_cookie = has_cookies ? point.number : 0;
        Link link(
            bpf_program__attach_uprobe_opts(&program, -1, path.c_str(), point.offset, &options));
        if (link == nullptr) {
            return errno_error("attach", errno);
        }
        links.push_back(std::move(link));
    }
    return Probe(std::move(links));
}

bool is_sound(const Operand& operand) {
    return operand.reg + sizeof(uint64_t) <= kRegisterBytes && operand.loads <= Operand::kMaxLoads;
}

pidcap_tls_operand raw_operand(const Operand& operand) {
    static_assert(Operand::kMaxLoads == PIDCAP_TLS_LOADS);
    pidcap_tls_operand raw{};
    raw.reg = operand.reg;
    raw.loads = operand.loads;
    std::copy(std::begin(operand.offsets), std::end(operand.offsets), std::begin(raw.offsets));
    return raw;
}

}  // namespace capture::tls
