// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iterator>
#include <utility>

#include "capture/confinement/confinement.h"
#include "capture/kernel/features.h"
#include "capture/kernel/followers.h"
#include "capture/kernel/hook_programs.h"
#include "capture/kernel/load_error.h"
#include "capture/kernel/pid_lookup.h"
#include "capture/kernel/privilege.h"
#include "capture/kernel/socket_calls.h"
#include "capture/processes/boot_clock.h"
#include "capture/processes/procfs.h"
#include "packet/keyed_hash.h"
#include "pcapng/fd.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "pidcap.skel.h"
#include "pidcap_typed.skel.h"
#pragma GCC diagnostic pop

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Fd;

constexpr uint32_t kEventsRing = 4U << 20;

// How many sockets' users are remembered on kernels where that memory must be preallocated.
constexpr uint32_t kPreallocatedUsers = 65536;
// The same for changed processes: more than may be remembered after their end.
constexpr uint32_t kPreallocatedChanges = 131072;

Error load_error(int code, const LibbpfLog& log) {
    Error error = load_error("load the programs into the kernel", code, log);
    if (code != EPERM) {
        error.message += "; see `pidcap doctor`";
    }
    return error;
}

std::string release() {
    utsname kernel{};
    uname(&kernel);
    return kernel.release;
}

Error types_error(const Features& kernel) {
    const int code = kernel.type_information();
    if (!kernel.btf_file().empty()) {
        return errno_error(fmt::format("--btf {}: read type information (BTF)", kernel.btf_file()),
                           code);
    }
    return Error{fmt::format("this kernel gives no type information (BTF) of itself in "
                             "/sys/kernel/btf/vmlinux: {}; see `pidcap doctor`",
                             kTypesRemedy),
                 code};
}

// How long a tick of the kernel's lasts: what the coarse clocks are as exact as.
uint64_t tick_ns() {
    timespec tick{};
    clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    return static_cast<uint64_t>(tick.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(tick.tv_nsec);
}

// Lets the pages of an object go that is part of this program's file. They could be read again.
void let_go(const void* object, size_t bytes) {
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const uintptr_t begin = (reinterpret_cast<uintptr_t>(object) + page - 1) / page * page;
    const uintptr_t end = (reinterpret_cast<uintptr_t>(object) + bytes) / page * page;
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

// Sets everything that has to be set before the programs are loaded.
void configure(pidcap_bpf& skeleton, const ProgramOptions& options, uint32_t cpus,
               const RingSizes& rings, const Features& kernel) {
    auto* config = skeleton.rodata;
    config->memory_seed = packet::random_seed();
    config->tick_ns = tick_ns();
    config->counting = options.counts ? 1 : 0;
    config->finds_processes = options.finds_processes ? 1 : 0;
    config->describes_processes = options.describes_processes ? 1 : 0;
    config->snaplen = options.snaplen;
    config->directions =
        (options.in ? uint32_t{PIDCAP_IN} : 0) | (options.out ? uint32_t{PIDCAP_OUT} : 0);
    config->loopback_direction = options.out ? PIDCAP_OUT : PIDCAP_IN;
    config->only_netns = options.only_netns;
    config->pid_namespace = options.pid_namespace;
    config->small_ring_bytes = rings.small;
    set_native_calls(config->native_calls);
    set_compat_calls(config->compat_calls);
    config->setns_call = SYS_setns;
    config->unshare_call = SYS_unshare;

    bpf_map__set_max_entries(skeleton.maps.events, kEventsRing);
    bpf_map__set_max_entries(skeleton.maps.rings, cpus * PIDCAP_RINGS);
    bpf_map__set_max_entries(skeleton.maps.drops,
                             bpf_map__max_entries(skeleton.maps.drops) + options.most_events);
    if (options.counts) {
        bpf_map__set_max_entries(skeleton.maps.even_counts, kCounters);
        bpf_map__set_max_entries(skeleton.maps.odd_counts, kCounters);
        bpf_map__set_max_entries(skeleton.maps.attribution_places, cpus);
        bpf_map__set_max_entries(skeleton.maps.attribution_room, cpus * PIDCAP_ATTRIBUTION_PLACES);
        bpf_map__set_max_entries(skeleton.maps.sent_packets, PIDCAP_SENT_PACKETS);
    }
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

Programs::Programs(Skeleton skeleton, PacketRings rings, size_t cpus, Hook hook, Tracing tracing)
    : skeleton_(std::move(skeleton)),
      rings_(std::move(rings)),
      drops_(bpf_map__fd(skeleton_->maps.drops), cpus),
      cpus_(cpus),
      hook_(hook),
      tracing_(tracing) {}

Programs::Programs(Programs&&) noexcept = default;
Programs::~Programs() = default;

// The objects of the two skeletons have the same maps, programs and settings, and are of the same
// sources: the one's skeleton opens the other's object, too.
static_assert(sizeof(pidcap_bpf::pidcap_bpf__rodata) ==
              sizeof(pidcap_typed_bpf::pidcap_typed_bpf__rodata));
static_assert(sizeof(pidcap_bpf::pidcap_bpf__bss) ==
              sizeof(pidcap_typed_bpf::pidcap_typed_bpf__bss));

// Returns null with errno.
pidcap_bpf* Programs::open_skeleton(Reads reads, const bpf_object_open_opts& options) {
    Skeleton skeleton(static_cast<pidcap_bpf*>(std::calloc(1, sizeof(pidcap_bpf))));
    int code = skeleton != nullptr ? pidcap_bpf__create_skeleton(skeleton.get()) : -ENOMEM;
    if (code == 0 && reads == Reads::kTyped) {
        bpf_object_skeleton* opened = skeleton->skeleton;
        opened->data = const_cast<void*>(pidcap_typed_bpf__elf_bytes(&opened->data_sz));
    }
    if (code == 0) {
        code = bpf_object__open_skeleton(skeleton->skeleton, &options);
    }
    if (code != 0) {
        skeleton.reset();
        errno = -code;
        return nullptr;
    }
    return skeleton.release();
}

Result<Programs> Programs::load_with(const ProgramOptions& options, int cgroup_fd, Tracing tracing,
                                     Reads reads, const Features& kernel) {
    int possible = libbpf_num_possible_cpus();
    if (possible < 0) {
        return errno_error("count the CPUs in /sys/devices/system/cpu/possible", -possible);
    }
    auto cpus = static_cast<size_t>(possible);
    const uint64_t budget = options.buffer_bytes != 0 ? options.buffer_bytes : kDefaultBuffer;
    const RingSizes sizes = ring_sizes(budget, cpus);

    LibbpfLog log;
    libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
    LIBBPF_OPTS(bpf_object_open_opts, opening);
    opening.btf_custom_path = options.btf_file.empty() ? nullptr : options.btf_file.c_str();
    Skeleton skeleton(open_skeleton(reads, opening));
    if (skeleton == nullptr) {
        return load_error(errno, log);
    }
    configure(*skeleton, options, static_cast<uint32_t>(cpus), sizes, kernel);
    // At the others' places ends are seen from the start; of these, CallEnds decides.
    skeleton->bss->sees_call_ends = tracing != Tracing::kSyscalls ? 1 : 0;
    choose_hook_programs(*skeleton->obj, options.hook, options.link_layers,
                         options.filter.has_value() && options.finds_processes, kernel);
    choose_followers(*skeleton->obj, options.finds_processes);
    const bool translates_pids = options.finds_processes && options.pid_namespace != 0;
    bpf_program__set_autoload(skeleton->progs.look_up_pid,
                              translates_pids || !options.btf_file.empty());
    choose_tracing_programs(*skeleton->obj,
                            options.finds_processes ? std::optional(tracing) : std::nullopt,
                            kernel.types());
    Fd inner(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "packets", 0, 0, sizes.large, nullptr));
    if (!inner.valid()) {
        return load_error(errno, log);
    }
    bpf_map__set_inner_map_fd(skeleton->maps.rings, inner.get());
    kernel.free_types();  // libbpf reads them, too, and the two don't have to be there at once
    if (int code = pidcap_bpf__load(skeleton.get())) {
        return load_error(-code, log);
    }

    auto rings = PacketRings::create(bpf_map__fd(skeleton->maps.rings), cpus, sizes);
    if (!rings) {
        return std::move(rings).error();
    }
    Programs programs(std::move(skeleton), *std::move(rings), cpus, options.hook, tracing);
    programs.btf_file_ = options.btf_file;
    if (auto made = programs.drops_.make_others(); !made) {
        return std::move(made).error();
    }
    if (options.filter) {
        auto filters = load_filters(*programs.skeleton_->obj, options.hook, options.link_layers,
                                    *options.filter, options.out, kernel);
        if (!filters) {
            return std::move(filters).error();
        }
        programs.filters_ = *std::move(filters);
    }
    if (!options.btf_file.empty()) {
        if (auto right = programs.check_types(options.btf_file); !right) {
            return std::move(right).error();
        }
    }
    if (translates_pids) {
        if (auto known = programs.look_up_pids(); !known) {
            return std::move(known).error();
        }
    }
    if (options.finds_processes) {
        if (auto following = programs.follow(cgroup_fd, kernel); !following) {
            return std::move(following).error();
        }
    }
    return programs;
}

Result<Programs> Programs::load(const ProgramOptions& options, int cgroup_fd) {
    Features kernel(options.btf_file);
    if (kernel.type_information() != 0) {
        return types_error(kernel);
    }
    auto tracing = choose_tracing(options.tracing, kernel);
    if (!tracing) {
        return std::move(tracing).error();
    }
    const auto load_by = [&](Tracing by) {
        if (kernel.has_typed_reads()) {
            if (auto programs = load_with(options, cgroup_fd, by, Reads::kTyped, kernel)) {
                return programs;
            }
        }
        return load_with(options, cgroup_fd, by, Reads::kByHelper, kernel);
    };
    auto programs = load_by(*tracing);
    // What the kernel's types took is free now, but still counts: some 10 MiB. So do the objects.
    malloc_trim(0);
    size_t bytes = 0;
    const void* object = pidcap_bpf__elf_bytes(&bytes);
    let_go(object, bytes);
    object = pidcap_typed_bpf__elf_bytes(&bytes);
    let_go(object, bytes);
    // A single function may be unavailable, for example because of a live patch.
    if (!programs && !options.tracing && *tracing != Tracing::kSyscalls) {
        return load_by(Tracing::kSyscalls);
    }
    return programs;
}

// With another kernel's types the programs would load, and read something else.
Result<void> Programs::check_types(const std::string& btf_file) const {
    const PidLookup pids(bpf_program__fd(skeleton_->progs.look_up_pid), &skeleton_->bss->looked_up);
    const auto self = static_cast<uint32_t>(getpid());
    const auto found =
        skeleton_->rodata->pid_namespace != 0 ? pids.by_own(self) : pids.by_host(self);
    const auto procfs = ProcFs::open();
    const auto stat = procfs ? procfs->stat(self) : Result<ProcStat>(procfs.error());
    if (!found || found->own_tgid != self || !stat ||
        BootClock::sample().ticks(found->start_boot) != stat->start_ticks) {
        return Error{fmt::format("--btf {}: these aren't the types of the running kernel, {}",
                                 btf_file, release()),
                     EINVAL};
    }
    return {};
}

// The kernel's tables are read, so what comes out is compared with what is known.
Result<void> Programs::look_up_pids() {
    pids_ = std::make_unique<PidLookup>(bpf_program__fd(skeleton_->progs.look_up_pid),
                                        &skeleton_->bss->looked_up);
    const auto self = static_cast<uint32_t>(getpid());
    const auto found = pids_->by_own(self);
    const auto again = found ? pids_->by_host(found->tgid) : std::nullopt;
    if (!found || found->own_tgid != self || !again || again->own_tgid != self) {
        return Error{
            "find processes by their pids in this PID namespace: not possible on this kernel; run "
            "it in the host's (docker run --pid=host)",
            EOPNOTSUPP};
    }
    return {};
}

int Programs::unwanted_map() const {
    return bpf_map__fd(skeleton_->maps.unwanted);
}

int Programs::changes_map() const {
    return bpf_map__fd(skeleton_->maps.changes);
}

SharedParts Programs::shared_parts() const {
    bpf_map_info map{};
    __u32 size = sizeof(map);
    const int code = bpf_obj_get_info_by_fd(bpf_map__fd(skeleton_->maps.sk_owner), &map, &size);
    return {skeleton_->obj,
            skeleton_->rodata->small_ring_bytes,
            code == 0 ? map.id : 0,
            skeleton_->rodata->memory_seed,
            skeleton_->rodata->tick_ns,
            btf_file_,
            filters_ ? filters_->fds() : std::vector<int>()};
}

const KernelPids* Programs::pids() const {
    return pids_.get();
}

Result<void> Programs::follow(int cgroup_fd, const Features& kernel) {
    const LibbpfLog quiet;
    const auto keep = [this](Result<std::vector<Link>> attached) -> Result<void> {
        if (!attached) {
            Error error = std::move(attached).error();
            error.message += "; see `pidcap doctor`";
            return error;
        }
        std::move(attached->begin(), attached->end(), std::back_inserter(links_));
        return {};
    };
    // Sockets come first: a process that starts in between can be found in /proc, the use of a
    // socket can't.
    auto kept = keep(attach_socket_followers(*skeleton_->obj, cgroup_fd));
    if (kept) {
        kept = keep(attach_tracing(*skeleton_->obj, tracing_, kernel));
    }
    if (kept) {
        kept = follow_call_ends();
    }
    if (kept) {
        kept = keep(attach_process_followers(*skeleton_->obj));
    }
    return kept;
}

Result<void> Programs::follow_call_ends() {
    if (tracing_ != Tracing::kSyscalls) {
        return {};
    }
    auto ends = CallEnds::follow({
        .all = skeleton_->progs.socket_used,
        .accept = skeleton_->progs.accept_left,
        .netns = skeleton_->progs.namespace_left,
        .wanted = &skeleton_->bss->wants_call_ends,
        .seen = &skeleton_->bss->sees_call_ends,
    });
    if (!ends) {
        Error error = std::move(ends).error();
        error.message += "; see `pidcap doctor`";
        return error;
    }
    call_ends_ = *std::move(ends);
    return {};
}

bool Programs::attaches_later() const {
    return call_ends_ && call_ends_->attaches_later();
}

void Programs::adapt() {
    if (call_ends_) {
        call_ends_->follow_wanted();
    }
}

Result<int> Programs::program_fd(HookProgram program) const {
    const int fd = bpf_program__fd(capturing_program(*skeleton_->obj, program));
    if (fd < 0) {
        return Error{"no interface had its link layer at the start: start the capture again",
                     EOPNOTSUPP};
    }
    return filters_ ? filters_->program_fd(program) : Result<int>(fd);
}

Result<Merge> Programs::open_rings() {
    auto packets = rings_.open();
    if (!packets) {
        return std::move(packets).error();
    }
    auto events = Ring::open(bpf_map__fd(skeleton_->maps.events), kEventsRing);
    if (!events) {
        return std::move(events).error();
    }
    return Merge(*std::move(packets), *std::move(events));
}

Result<CountedSet> Programs::take_counted() {
    uint32_t& odd = skeleton_->data_shared->shared.counts_odd;
    const bool was_odd = odd != 0;
    __atomic_store_n(&odd, was_odd ? 0 : 1, __ATOMIC_SEQ_CST);
    if (auto waited = rings_.wait_for_programs(bpf_map__fd(skeleton_->maps.rings)); !waited) {
        return std::move(waited).error();
    }
    const auto& maps = skeleton_->maps;
    return capture::take_counted(bpf_map__fd(was_odd ? maps.odd_counts : maps.even_counts),
                                 bpf_map__fd(maps.seen), was_odd, cpus_);
}

Result<void> Programs::set_owner(int socket_fd, const pidcap_owner& owner) {
    pidcap_socket_owner value{};
    value.owner = owner;
    value.check = pidcap_owner_check(&owner);
    // Newer kernels allocate here without waiting for a lock (kmalloc_nolock, seen on 7.2). That
    // may fail now and succeed a moment later, as may a socket's first storage if another capture
    // makes it at the same time (EAGAIN).
    constexpr int kAttempts = 100;
    const auto may_succeed_later = [](int code) { return code == -ENOMEM || code == -EAGAIN; };
    int code = -ENOMEM;
    for (int attempt = 0; attempt < kAttempts && may_succeed_later(code); attempt++) {
        code = bpf_map_update_elem(bpf_map__fd(skeleton_->maps.sk_owner), &socket_fd, &value,
                                   BPF_NOEXIST);
        if (may_succeed_later(code)) {
            sched_yield();
        }
    }
    if (code != 0 && code != -EEXIST) {
        return errno_error(fmt::format("store the owner of a socket of process {}", owner.tgid),
                           -code);
    }
    return {};
}

bool Programs::maps_need_no_capability() const {
    const WithoutCapabilities none;
    const pidcap_process nobody{};
    uint64_t time = 0;
    const int code = bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.changes), &nobody, &time);
    return none.valid() && code != -EPERM && code != -EACCES;
}

void Programs::request_wake(pidcap_wake when) {
    __atomic_store_n(&skeleton_->data_shared->shared.wake_reader, when, __ATOMIC_SEQ_CST);
}

void Programs::take_events(bool taken) {
    __atomic_store_n(&skeleton_->data_shared->shared.takes_events, taken ? 1 : 0, __ATOMIC_SEQ_CST);
}

void Programs::filter_processes(bool active, uint32_t without_process) {
    pidcap_shared& shared = skeleton_->data_shared->shared;
    __atomic_store_n(&shared.wanted_without_process, without_process, __ATOMIC_SEQ_CST);
    __atomic_store_n(&shared.filters_processes, active ? 1 : 0, __ATOMIC_SEQ_CST);
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

uint64_t Programs::last_change(const pidcap_process& process) const {
    uint64_t time = 0;
    const int code = bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.changes), &process, &time);
    return code == 0 ? time : 0;
}

std::string Programs::device_name(const pidcap_interface& interface) const {
    pidcap_device device{};
    if (bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.devices), &interface, &device) != 0) {
        return {};
    }
    return {device.name, strnlen(device.name, sizeof(device.name))};
}

uint64_t Programs::events_lost() const {
    return skeleton_->bss->events_lost;
}

uint64_t Programs::events_missed() const {
    return missed_events(*skeleton_->obj);
}

uint64_t Programs::uses_lost() const {
    return skeleton_->bss->sk_user_full + missed_uses(*skeleton_->obj);
}

}  // namespace capture
