// SPDX-License-Identifier: GPL-2.0-only
//
// Programs: the loaded BPF programs of bpf/, which follow processes and sockets. Owns every
// program, map and link except the links on interfaces (see InterfaceHook). Destroying it detaches
// everything.
//
// libbpf's messages become part of an error instead of being printed. This file loads the programs;
// hook_programs.h, followers.h and tracing.h list them, and packet_rings.h and drop_counters.h wrap
// the maps that need more than one call. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bpf/contract.h"
#include "capture/filter/filter_programs.h"
#include "capture/kernel/call_ends.h"
#include "capture/kernel/count_maps.h"
#include "capture/kernel/drop_counters.h"
#include "capture/kernel/hook.h"
#include "capture/kernel/merge.h"
#include "capture/kernel/packet_rings.h"
#include "capture/kernel/shared_parts.h"
#include "capture/kernel/tracing.h"
#include "packet/filter/packet_filter.h"
#include "pcapng/result.h"

struct bpf_object_open_opts;
struct pidcap_bpf;  // the skeleton, see pidcap.skel.h

namespace capture {

class Features;
class KernelPids;
class PidLookup;

struct ProgramOptions {
    uint32_t snaplen = PIDCAP_SNAPLEN_MAX;
    bool in = true;             // record incoming packets
    bool out = true;            // record outgoing packets
    uint64_t buffer_bytes = 0;  // all large packet rings together; 0: kDefaultBuffer
    Hook hook = Hook::kTc;
    LinkLayers link_layers = LinkLayers::all();  // of the interfaces that are captured at
    bool counts = false;                         // packets are counted instead of recorded
    bool finds_processes = true;     // false: packets are recorded without their process
    std::optional<Tracing> tracing;  // nullopt: the best one that this kernel allows
    uint32_t only_netns = 0;  // inode number of the namespace that all packets are from; 0: several
    bool describes_processes = false;  // exec and exit tell more: see pidcap_event
    std::string btf_file;        // the kernel's type information; empty: the kernel itself has it
    uint32_t most_events = 0;    // counters for so many are kept
    uint32_t pid_namespace = 0;  // inode number of the own one; 0: the initial one
    std::optional<packet::PacketFilter> filter;  // nullopt: every packet
};

struct CloseSkeleton {
    void operator()(pidcap_bpf* skeleton) const;
};

class Programs {
  public:
    Programs(Programs&&) noexcept;
    ~Programs();

    // Loads the programs and starts to follow processes, and the sockets of all cgroups below the
    // one of this descriptor, which is needed for this call only. Attaches to no interface yet. An
    // error names what is missing: kernel support or a capability.
    static Result<Programs> load(const ProgramOptions& options, int cgroup_fd);

    Hook hook() const { return hook_; }
    Tracing tracing() const { return tracing_; }
    // Returns the descriptor of the program to attach, or an error if the filter makes no sense for
    // the packets of that hook, or if ProgramOptions::link_layers is without the program's.
    Result<int> program_fd(HookProgram program) const;

    // Opens the rings for reading, as long as this object lives. Call it once.
    Result<Merge> open_rings();

    const PacketRings& rings() const { return rings_; }

    // Returns true if the maps can be read without any capability, as since Linux 5.19, or where
    // unprivileged users may use bpf(2).
    bool maps_need_no_capability() const;

    // Attaches a program that is needed only now, see CallEnds. Cheap: call it in each round.
    void adapt();
    // Whether adapt() may still attach one.
    bool attaches_later() const;

    // Asks the programs to wake the reader (PacketRings::woken_fd), once. For PIDCAP_WAKE_NEXT,
    // read the rings once more before you sleep: a packet may have come just before the request.
    void request_wake(pidcap_wake when);

    // With ProgramOptions::counts: has the programs change to the other set of counters, waits
    // until none of them uses the one before, and returns what that has counted.
    Result<CountedSet> take_counted();

    // Stores the owner of a socket that existed before the start, unless the socket has been used
    // since.
    Result<void> set_owner(int socket_fd, const pidcap_owner& owner);

    // The process filter's part in the kernel (bpf/verdict.h). `without_process` says which packets
    // without a process are wanted, one bit for each value of enum pidcap_via. If there is no room
    // for a refusal, it is left out, and user space filters those packets.
    void filter_processes(bool active, uint32_t without_process);
    void refuse(const pidcap_subject& subject, uint64_t change);
    void take_back(const pidcap_subject& subject);
    void forget_changes(const pidcap_process& process);
    // Returns when the process last changed (mono), or 0 if it hasn't since the start.
    uint64_t last_change(const pidcap_process& process) const;

    // Maps of the process filter, for programs of others that keep to it (bpf/verdict.h).
    int unwanted_map() const;
    int changes_map() const;

    // Programs of events record them from now on, or not any more: all at the same moment, while
    // attaching and detaching takes seconds if they are many.
    void take_events(bool taken);

    // Returns what programs of other objects need to write into the rings. Valid as long as this
    // object.
    SharedParts shared_parts() const;

    // Returns null in the initial PID namespace, whose numbers the programs use.
    const KernelPids* pids() const;

    const DropCounters& drops() const { return drops_; }
    // Returns the interface's name as the cgroup hook's programs saw it, or an empty string if they
    // didn't.
    std::string device_name(const pidcap_interface& interface) const;
    uint64_t events_lost() const;    // there was no room in the event ring
    uint64_t events_missed() const;  // the kernel skipped the program, see misses_of()
    uint64_t uses_lost() const;      // for either reason

  private:
    using Skeleton = std::unique_ptr<pidcap_bpf, CloseSkeleton>;

    Programs(Skeleton skeleton, PacketRings rings, size_t cpus, Hook hook, Tracing tracing);

    // How the programs read the kernel's structs: see KERNEL_READ() of bpf/kernel.h.
    enum class Reads { kByHelper, kTyped };
    static pidcap_bpf* open_skeleton(Reads reads, const bpf_object_open_opts& options);
    static Result<Programs> load_with(const ProgramOptions& options, int cgroup_fd, Tracing tracing,
                                      Reads reads, const Features& kernel);
    // Checks that this process is found by its pid.
    Result<void> check_types(const std::string& btf_file) const;
    Result<void> look_up_pids();
    // Attaches the programs that follow sockets and processes.
    Result<void> follow(int cgroup_fd, const Features& kernel);
    Result<void> follow_call_ends();

    Skeleton skeleton_;
    PacketRings rings_;
    DropCounters drops_;
    size_t cpus_;
    std::optional<FilterPrograms> filters_;
    std::unique_ptr<PidLookup> pids_;
    std::vector<Link> links_;
    std::optional<CallEnds> call_ends_;
    Hook hook_;
    Tracing tracing_;
    std::string btf_file_;
};

}  // namespace capture
