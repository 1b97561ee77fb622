// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/syscall.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <span>

#include "capture/filter/filter_programs.h"
#include "capture/kernel/features.h"
#include "capture/kernel/libbpf_log.h"
#include "capture/kernel/privilege.h"
#include "pcapng/fd.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "pidcap.skel.h"
#pragma GCC diagnostic pop

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Fd;

constexpr uint32_t kEventsRing = 4U << 20;

// Sockets in use whose users are remembered, where memory has to be set aside for them.
constexpr uint32_t kPreallocatedUsers = 65536;
// The same for processes that changed: as many as may be remembered after their end, and more.
constexpr uint32_t kPreallocatedChanges = 131072;

// The system calls whose first argument is a file that they use as a socket; the first ones only
// receive. close(2) isn't one: a parent that closes its copy of a worker's socket doesn't use it.
constexpr uint32_t kReceivingCalls[] = {SYS_read,     SYS_readv,   SYS_recvfrom, SYS_recvmsg,
                                        SYS_recvmmsg, SYS_preadv2, SYS_accept,   SYS_accept4};
constexpr uint32_t kOtherCalls[] = {
    SYS_write,
    SYS_writev,
    SYS_sendto,
    SYS_sendmsg,
    SYS_sendmmsg,
    SYS_sendfile,
    SYS_splice,
    SYS_pwritev2,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_shutdown,
    // Of a ring; what its requests use has a tracepoint of its own. Here they end.
    SYS_io_uring_enter,
};

// The same of 32-bit programs: arch/x86/entry/syscalls/syscall_32.tbl, arch/arm/tools/syscall.tbl.
constexpr uint32_t kNoCall = UINT32_MAX;
#ifdef __x86_64__
constexpr uint32_t kCompatReceivingCalls[] = {3, 145, 337, 364, 371, 372, 378, 417};
constexpr uint32_t kCompatOtherCalls[] = {4,   146, 187, 239, 313, 345, 361, 362,
                                          363, 369, 370, 373, 379, 426, 102};
constexpr uint32_t kCompatSplice = 313;
constexpr uint32_t kCompatAccept = kNoCall;
constexpr uint32_t kCompatAccept4 = 364;
constexpr uint32_t kCompatSocketcall = 102;
#else
constexpr uint32_t kCompatReceivingCalls[] = {3, 145, 285, 291, 292, 297, 365, 366, 392, 417};
constexpr uint32_t kCompatOtherCalls[] = {4,   146, 187, 239, 282, 283, 284, 289,
                                          290, 293, 296, 340, 374, 393, 426};
constexpr uint32_t kCompatSplice = 340;
constexpr uint32_t kCompatAccept = 285;
constexpr uint32_t kCompatAccept4 = 366;
constexpr uint32_t kCompatSocketcall = kNoCall;
#endif

Error load_error(int code, const LibbpfLog& log) {
    if (code == EPERM) {
        return privilege_error("load the programs into the kernel", code);
    }
    if (Features::type_information() != 0) {
        return Error{
            "load the programs into the kernel: no type information in /sys/kernel/btf/vmlinux; "
            "needs a kernel with CONFIG_DEBUG_INFO_BTF, see `pidcap doctor`",
            code};
    }
    Error error = errno_error("load the programs into the kernel", code);
    error.message += fmt::format(" ({}); see `pidcap doctor`", log.reason());
    return error;
}

// Those that take packets.
std::vector<HookProgram> programs_of(Hook hook) {
    std::vector<HookProgram> programs = {HookProgram::kEthernetIn, HookProgram::kEthernetOut,
                                         HookProgram::kIpIn, HookProgram::kIpOut,
                                         HookProgram::kLoopback};
    if (hook == Hook::kXdp) {
        programs.push_back(HookProgram::kXdpIn);
    }
    if (hook == Hook::kCgroup) {
        programs = {HookProgram::kSocketIn, HookProgram::kSocketOut};
    }
    return programs;
}

uint32_t ring_size(uint64_t budget, size_t cpus) {
    uint64_t share = std::bit_floor(std::max<uint64_t>(budget / cpus, 1));
    return static_cast<uint32_t>(std::clamp<uint64_t>(share, kMinRing, 1ULL << 30));
}

// With little memory for each CPU there is no point in two rings.
uint32_t small_ring_size(uint32_t large) {
    const auto bytes = std::min(large / 8, static_cast<uint32_t>(kMaxSmallRing));
    return bytes >= PIDCAP_SMALL_RING_MIN ? bytes : 0;
}

// The programs of the hook that was asked for; all others need no verifying.
void choose_programs(pidcap_bpf& skeleton, const ProgramOptions& options, const Features& kernel) {
    auto& programs = skeleton.progs;
    const bool learns = options.filter.has_value() && options.finds_processes;
    const auto load = [](std::initializer_list<bpf_program*> some, bool wanted) {
        for (bpf_program* program : some) {
            bpf_program__set_autoload(program, wanted);
        }
    };
    const bool tc = options.hook != Hook::kCgroup;
    load({programs.ethernet_in, programs.ethernet_out, programs.ip_in, programs.ip_out,
          programs.loopback},
         tc);
    load({programs.learn_ethernet_in, programs.learn_ethernet_out, programs.learn_ip_in,
          programs.learn_ip_out, programs.learn_loopback},
         tc && learns);
    const bool xdp = options.hook == Hook::kXdp;
    load({programs.xdp_in}, xdp);
    load({programs.learn_xdp_in}, xdp && learns);
    if (kernel.has_xdp_pieces()) {
        for (bpf_program* program : {programs.xdp_in, programs.learn_xdp_in}) {
            bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
        }
    }
    load({programs.socket_in, programs.socket_out}, !tc);
    load({programs.learn_socket_out}, !tc && learns);
    load({programs.socket_create, programs.socket_release, programs.process_fork,
          programs.process_exec, programs.process_exit, programs.process_rename},
         options.finds_processes);
}

template <typename Calls>
void add_calls(Calls& calls, std::span<const uint32_t> numbers, bool receive) {
    for (const uint32_t call : numbers) {
        calls.socket_calls[call / 64] |= 1ULL << (call % 64);
        if (receive) {
            calls.receiving_calls[call / 64] |= 1ULL << (call % 64);
        }
    }
}

// Everything that has to be set before the programs are loaded.
void configure(pidcap_bpf& skeleton, const ProgramOptions& options, uint32_t cpus,
               const Features& kernel) {
    auto* config = skeleton.rodata;
    config->finds_processes = options.finds_processes ? 1 : 0;
    config->snaplen = options.snaplen;
    config->directions =
        (options.in ? uint32_t{PIDCAP_IN} : 0) | (options.out ? uint32_t{PIDCAP_OUT} : 0);
    config->loopback_direction = options.out ? PIDCAP_OUT : PIDCAP_IN;
    config->only_netns = options.only_netns;
    auto& native = config->native_calls;
    add_calls(native, kReceivingCalls, true);
    add_calls(native, kOtherCalls, false);
    native.splice = SYS_splice;
    native.accept = SYS_accept;
    native.accept4 = SYS_accept4;
    native.socketcall = kNoCall;
    config->setns_call = SYS_setns;
    config->unshare_call = SYS_unshare;
    auto& compat = config->compat_calls;
    add_calls(compat, kCompatReceivingCalls, true);
    add_calls(compat, kCompatOtherCalls, false);
    compat.splice = kCompatSplice;
    compat.accept = kCompatAccept;
    compat.accept4 = kCompatAccept4;
    compat.socketcall = kCompatSocketcall;

    bpf_map__set_max_entries(skeleton.maps.events, kEventsRing);
    bpf_map__set_max_entries(skeleton.maps.rings, cpus * PIDCAP_RINGS);
    if (!kernel.can_allocate_in_tracepoints()) {
        bpf_map__set_map_flags(skeleton.maps.sk_user, 0);
        bpf_map__set_max_entries(skeleton.maps.sk_user, kPreallocatedUsers);
        bpf_map__set_map_flags(skeleton.maps.changes, 0);
        bpf_map__set_max_entries(skeleton.maps.changes, kPreallocatedChanges);
    }
}

}  // namespace

void CloseSkeleton::operator()(pidcap_bpf* skeleton) const {
    pidcap_bpf__destroy(skeleton);
}

Programs::Programs(Skeleton skeleton, Tracing tracing, size_t cpus)
    : skeleton_(std::move(skeleton)), tracing_(tracing), cpus_(cpus) {}

Result<Programs> Programs::load_with(const ProgramOptions& options, const std::string& cgroup_root,
                                     Tracing tracing, const Features& kernel) {
    Fd cgroup(::open(cgroup_root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!cgroup.valid()) {
        return errno_error(fmt::format("open {}", cgroup_root), errno);
    }
    int possible = libbpf_num_possible_cpus();
    if (possible < 0) {
        return errno_error("count the CPUs in /sys/devices/system/cpu/possible", -possible);
    }
    auto cpus = static_cast<size_t>(possible);
    uint64_t budget = options.buffer_bytes != 0 ? options.buffer_bytes : kDefaultBuffer;
    const uint32_t large_ring = ring_size(budget, cpus);
    const uint32_t small_ring = small_ring_size(large_ring);

    LibbpfLog log;
    libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
    Skeleton skeleton(pidcap_bpf__open());
    if (skeleton == nullptr) {
        return load_error(errno, log);
    }
    configure(*skeleton, options, static_cast<uint32_t>(cpus), kernel);
    skeleton->rodata->small_ring_bytes = small_ring;
    choose_programs(*skeleton, options, kernel);
    choose_tracing_programs(*skeleton->obj,
                            options.finds_processes ? std::optional(tracing) : std::nullopt,
                            kernel.types());
    Fd inner(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "packets", 0, 0, large_ring, nullptr));
    if (!inner.valid()) {
        return load_error(errno, log);
    }
    bpf_map__set_inner_map_fd(skeleton->maps.rings, inner.get());
    if (int code = pidcap_bpf__load(skeleton.get())) {
        return load_error(-code, log);
    }

    Programs programs(std::move(skeleton), tracing, cpus);
    if (auto created = programs.create_rings(small_ring, large_ring); !created) {
        return std::move(created).error();
    }
    if (auto loaded = programs.load_filters(options, kernel); !loaded) {
        return std::move(loaded).error();
    }
    if (options.finds_processes) {
        if (auto attached = programs.attach(cgroup.get(), kernel); !attached) {
            return std::move(attached).error();
        }
    }
    return programs;
}

Result<Programs> Programs::load(const ProgramOptions& options, const std::string& cgroup_root) {
    Features kernel;
    auto tracing = choose_tracing(options.tracing, kernel);
    if (!tracing) {
        return std::move(tracing).error();
    }
    auto programs = load_with(options, cgroup_root, *tracing, kernel);
    // A single function may be taken, by a live patch for example.
    if (!programs && !options.tracing && *tracing != Tracing::kSyscalls) {
        return load_with(options, cgroup_root, Tracing::kSyscalls, kernel);
    }
    return programs;
}

Result<void> Programs::create_rings(uint32_t small_bytes, uint32_t large_bytes) {
    Result<void> created;
    for (uint32_t cpu = 0; cpu < cpus_ && created; cpu++) {
        created = create_ring(cpu, PIDCAP_RING_LARGE, large_bytes);
        if (created && small_bytes != 0) {
            created = create_ring(cpu, PIDCAP_RING_SMALL, small_bytes);
        }
    }
    return created;
}

Result<void> Programs::create_ring(uint32_t cpu, pidcap_ring which, uint32_t bytes) {
    Fd fd(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "packets", 0, 0, bytes, nullptr));
    if (!fd.valid()) {
        return errno_error(fmt::format("create a ring buffer of {} bytes for CPU {} (-B sets the "
                                       "size of all together)",
                                       bytes, cpu),
                           errno);
    }
    const uint32_t index = cpu * PIDCAP_RINGS + which;
    const int value = fd.get();
    if (int code =
            bpf_map_update_elem(bpf_map__fd(skeleton_->maps.rings), &index, &value, BPF_ANY)) {
        return errno_error(fmt::format("hand CPU {} a ring buffer", cpu), -code);
    }
    rings_.push_back({std::move(fd), bytes});
    return {};
}

Result<void> Programs::attach(int cgroup_fd, const Features& kernel) {
    auto& programs = skeleton_->progs;
    auto& links = skeleton_->links;
    const LibbpfLog quiet;
    const auto failed = [](const char* what) {
        int code = errno;
        Error error = errno_error(fmt::format("attach to {}", what), code);
        error.message += "; see `pidcap doctor`";
        return error;
    };
    // Sockets first: a process that appears in between is found in /proc, a socket's use is not.
    if ((links.socket_create = bpf_program__attach_cgroup(programs.socket_create, cgroup_fd)) ==
        nullptr) {
        return failed("socket creation in the root of cgroup v2");
    }
    if ((links.socket_release = bpf_program__attach_cgroup(programs.socket_release, cgroup_fd)) ==
        nullptr) {
        return failed("socket release in the root of cgroup v2");
    }
    auto attached = attach_tracing(*skeleton_->obj, kernel.types());
    if (!attached) {
        Error error = std::move(attached).error();
        error.message += "; see `pidcap doctor`";
        return error;
    }
    tracing_links_ = *std::move(attached);
    struct {
        bpf_program* program;
        bpf_link** link;
        const char* tracepoint;
    } const points[] = {
        {programs.process_fork, &links.process_fork, "sched_process_fork"},
        {programs.process_exec, &links.process_exec, "sched_process_exec"},
        {programs.process_exit, &links.process_exit, "sched_process_exit"},
        {programs.process_rename, &links.process_rename, "task_rename"},
    };
    for (const auto& point : points) {
        *point.link = bpf_program__attach_raw_tracepoint(point.program, point.tracepoint);
        if (*point.link == nullptr) {
            return failed(fmt::format("the raw tracepoint {}", point.tracepoint).c_str());
        }
    }
    return {};
}

bpf_program* Programs::capturing(HookProgram program) const {
    const auto& programs = skeleton_->progs;
    switch (program) {
        case HookProgram::kEthernetIn:
            return programs.ethernet_in;
        case HookProgram::kEthernetOut:
            return programs.ethernet_out;
        case HookProgram::kIpIn:
            return programs.ip_in;
        case HookProgram::kIpOut:
            return programs.ip_out;
        case HookProgram::kLoopback:
            return programs.loopback;
        case HookProgram::kXdpIn:
            return programs.xdp_in;
        case HookProgram::kSocketIn:
            return programs.socket_in;
        case HookProgram::kSocketOut:
            return programs.socket_out;
    }
    return nullptr;
}

bpf_program* Programs::learning(HookProgram program) const {
    const auto& programs = skeleton_->progs;
    switch (program) {
        case HookProgram::kEthernetIn:
            return programs.learn_ethernet_in;
        case HookProgram::kEthernetOut:
            return programs.learn_ethernet_out;
        case HookProgram::kIpIn:
            return programs.learn_ip_in;
        case HookProgram::kIpOut:
            return programs.learn_ip_out;
        case HookProgram::kLoopback:
            return programs.learn_loopback;
        case HookProgram::kXdpIn:
            return programs.learn_xdp_in;
        case HookProgram::kSocketOut:
            return programs.learn_socket_out;
        case HookProgram::kSocketIn:  // what comes in there teaches nothing
            break;
    }
    return nullptr;
}

Result<void> Programs::load_filters(const ProgramOptions& options, const Features& kernel) {
    if (!options.filter) {
        return {};
    }
    filters_.emplace();
    const FilterSetting setting{kernel.has_xdp_pieces(), options.out};
    for (const HookProgram program : programs_of(options.hook)) {
        const bpf_program* learns = learning(program);
        const FilterPrograms::Exits exits{bpf_program__fd(capturing(program)),
                                          learns != nullptr ? bpf_program__fd(learns) : -1};
        if (auto added = filters_->add(program, *options.filter, setting, exits); !added) {
            return added;
        }
    }
    return {};
}

Result<int> Programs::program_fd(HookProgram program) const {
    if (filters_) {
        return filters_->program_fd(program);
    }
    return bpf_program__fd(capturing(program));
}

Result<Merge> Programs::open_rings() {
    std::vector<Ring> packets;
    for (const RingMap& map : rings_) {
        auto ring = Ring::map(map.fd.get(), map.bytes);
        if (!ring) {
            return std::move(ring).error();
        }
        packets.push_back(*std::move(ring));
    }
    auto events = Ring::map(bpf_map__fd(skeleton_->maps.events), kEventsRing);
    if (!events) {
        return std::move(events).error();
    }
    return Merge(std::move(packets), *std::move(events));
}

std::vector<int> Programs::wake_fds() const {
    std::vector<int> fds;
    fds.reserve(rings_.size());
    for (const RingMap& map : rings_) {
        fds.push_back(map.fd.get());
    }
    return fds;
}

Result<void> Programs::set_owner(int socket_fd, const pidcap_owner& owner) {
    pidcap_socket_owner value{};
    value.owner = owner;
    // Newer kernels allocate here without waiting for a lock (kmalloc_nolock, seen on 7.2), which
    // may fail at one moment and not at the next.
    constexpr int kAttempts = 100;
    int code = -ENOMEM;
    for (int attempt = 0; attempt < kAttempts && code == -ENOMEM; attempt++) {
        code = bpf_map_update_elem(bpf_map__fd(skeleton_->maps.sk_owner), &socket_fd, &value,
                                   BPF_NOEXIST);
        if (code == -ENOMEM) {
            sched_yield();
        }
    }
    if (code != 0 && code != -EEXIST) {
        return errno_error(fmt::format("store the owner of a socket of process {}", owner.tgid),
                           -code);
    }
    return {};
}

void Programs::request_wake() {
    __atomic_store_n(&skeleton_->bss->wake_reader, 1, __ATOMIC_SEQ_CST);
}

void Programs::filter_processes(bool active, uint32_t without_process) {
    __atomic_store_n(&skeleton_->bss->wanted_without_process, without_process, __ATOMIC_SEQ_CST);
    __atomic_store_n(&skeleton_->bss->filters_processes, active ? 1 : 0, __ATOMIC_SEQ_CST);
}

void Programs::refuse(const pidcap_subject& subject, uint64_t change) {
    bpf_map_update_elem(bpf_map__fd(skeleton_->maps.unwanted), &subject, &change, BPF_ANY);
}

void Programs::take_back(const pidcap_subject& subject) {
    bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.unwanted), &subject);
}

void Programs::forget_changes(const pidcap_process& process) {
    bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.changes), &process);
}

pidcap_drops Programs::drops(const pidcap_interface& interface) const {
    std::vector<pidcap_drops> per_cpu(cpus_);
    pidcap_drops sum{};
    if (bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.drops), &interface, per_cpu.data()) != 0) {
        return sum;  // no drops yet
    }
    for (const pidcap_drops& cpu : per_cpu) {
        for (size_t cause = 0; cause < PIDCAP_DROP_CAUSES; cause++) {
            sum.count[cause] += cpu.count[cause];
        }
        sum.pending += cpu.pending;
    }
    return sum;
}

std::vector<pidcap_interface> Programs::with_drops() const {
    std::vector<pidcap_interface> all;
    pidcap_interface next{};
    const pidcap_interface* last = nullptr;
    while (bpf_map_get_next_key(bpf_map__fd(skeleton_->maps.drops), last, &next) == 0) {
        all.push_back(next);
        last = &all.back();
    }
    return all;
}

std::string Programs::device_name(const pidcap_interface& interface) const {
    pidcap_device device{};
    if (bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.devices), &interface, &device) != 0) {
        return {};
    }
    return {device.name, strnlen(device.name, sizeof(device.name))};
}

void Programs::forget_drops(const pidcap_interface& interface) const {
    bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.drops), &interface);
}

uint64_t Programs::events_lost() const {
    return skeleton_->bss->events_lost;
}

uint64_t Programs::events_missed() const {
    const auto& programs = skeleton_->progs;
    return misses_of(*programs.process_fork) + misses_of(*programs.process_exec) +
           misses_of(*programs.process_exit) + misses_of(*programs.process_rename);
}

uint64_t Programs::uses_lost() const {
    return skeleton_->bss->sk_user_full + missed_uses(*skeleton_->obj);
}

}  // namespace capture
