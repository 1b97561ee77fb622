// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/tracepoint_probe.h"

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <memory>

#include "capture/kernel/load_error.h"
#include "capture/kernel/tracefs.h"
#include "capture/kernel/tracing.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "pidcap_tracepoint.skel.h"
#pragma GCC diagnostic pop

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Fd;

constexpr std::string_view kLoad = "load the program for a tracepoint";

pidcap_tracepoint constants_of(const TracepointFormat& format, uint32_t number) {
    pidcap_tracepoint constants{};
    constants.number = number;
    constants.fixed_size = format.fixed_size;
    constants.dynamic_fields = static_cast<uint16_t>(
        std::min<size_t>(format.dynamic_offsets.size(), PIDCAP_DYNAMIC_FIELDS));
    std::copy_n(format.dynamic_offsets.begin(), constants.dynamic_fields,
                std::begin(constants.dynamic_offsets));
    constants.has_socket = format.socket_offset ? 1 : 0;
    constants.socket_offset = format.socket_offset.value_or(0);
    constants.has_packet = format.packet_offset ? 1 : 0;
    constants.packet_offset = format.packet_offset.value_or(0);
    return constants;
}

struct DestroySkeleton {
    void operator()(pidcap_tracepoint_bpf* skeleton) const {
        pidcap_tracepoint_bpf__destroy(skeleton);
    }
};

}  // namespace

Result<TracepointProbe> TracepointProbe::load(const SharedParts& parts,
                                              const TracepointFormat& format, uint32_t number,
                                              const pidcap_cpu_data& cpu_data) {
    LibbpfLog log;
    libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
    LIBBPF_OPTS(bpf_object_open_opts, opening);
    opening.btf_custom_path = parts.btf_file.empty() ? nullptr : parts.btf_file.c_str();
    const std::unique_ptr<pidcap_tracepoint_bpf, DestroySkeleton> skeleton(
        pidcap_tracepoint_bpf__open_opts(&opening));
    if (skeleton == nullptr) {
        return load_error(kLoad, errno, log);
    }
    skeleton->rodata->small_ring_bytes = parts.small_ring_bytes;
    skeleton->rodata->sk_owner_id = parts.sk_owner_id;
    skeleton->rodata->tracepoint = constants_of(format, number);
    skeleton->rodata->cpu_data = cpu_data;
    int code = share_maps(parts, *skeleton->obj);
    if (code == 0) {
        code = pidcap_tracepoint_bpf__load(skeleton.get());
    }
    if (code != 0) {
        return load_error(kLoad, -code, log);
    }
    Fd program(fcntl(bpf_program__fd(skeleton->progs.any_tracepoint), F_DUPFD_CLOEXEC, 0));
    if (!program.valid()) {
        return errno_error("keep the program for a tracepoint", errno);
    }
    return TracepointProbe(std::move(program), format.id);
}

Result<void> TracepointProbe::attach() {
    event_ = open_tracepoint(id_);
    if (!event_.valid() || ioctl(event_.get(), PERF_EVENT_IOC_SET_BPF, program_.get()) != 0) {
        return errno == EPERM || errno == EACCES
                   ? Result<void>(privilege_error("attach to a tracepoint", errno))
                   : errno_error("attach to a tracepoint", errno);
    }
    return {};
}

uint64_t TracepointProbe::missed() const {
    return misses_of(program_.get());
}

}  // namespace capture
