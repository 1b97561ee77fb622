// SPDX-License-Identifier: GPL-2.0-only
//
// Programs: the kernel side, loaded and following processes and sockets. Owns every program, map
// and link of bpf/ but those on interfaces (see InterfaceHook). Destroying it detaches everything.
//
// libbpf's own messages are kept and become part of an error, so that nothing is printed behind the
// program's back. Loading is here; hook_programs.h, followers.h and tracing.h know which programs
// there are, packet_rings.h and drop_counters.h the maps that are more than one call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bpf/contract.h"
#include "capture/filter/filter_programs.h"
#include "capture/kernel/drop_counters.h"
#include "capture/kernel/hook.h"
#include "capture/kernel/merge.h"
#include "capture/kernel/packet_rings.h"
#include "capture/kernel/tracing.h"
#include "packet/filter/packet_filter.h"
#include "pcapng/result.h"

struct pidcap_bpf;  // the skeleton, see pidcap.skel.h

namespace capture {

class Features;

struct ProgramOptions {
    uint32_t snaplen = PIDCAP_SNAPLEN_MAX;
    bool in = true;             // record what comes in
    bool out = true;            // record what goes out
    uint64_t buffer_bytes = 0;  // all large packet rings together; 0: kDefaultBuffer
    Hook hook = Hook::kTc;
    bool finds_processes = true;     // false: packets are only copied
    std::optional<Tracing> tracing;  // none: the best that this kernel allows
    uint32_t only_netns = 0;         // the namespace that all packets are of; 0: several
    std::optional<packet::PacketFilter> filter;  // none: every packet
};

struct CloseSkeleton {
    void operator()(pidcap_bpf* skeleton) const;
};

class Programs {
  public:
    // Loads everything and starts to follow processes, and the sockets of all that lives below
    // `cgroup_root`, where cgroup v2 is mounted. No interface is attached yet. Errors name what is
    // missing: kernel support or a capability.
    static Result<Programs> load(const ProgramOptions& options, const std::string& cgroup_root);

    Hook hook() const { return hook_; }
    Tracing tracing() const { return tracing_; }
    // What to attach. An error: the filter makes no sense for the packets there.
    Result<int> program_fd(HookProgram program) const;

    // The readers of the rings; call once.
    Result<Merge> open_rings();

    // File descriptors that become readable when a record comes after request_wake().
    std::vector<int> wake_fds() const { return rings_.fds(); }

    // Asks the kernel side to wake the reader for the next packet. Look into the rings once more
    // before sleeping: a packet may have come just before.
    void request_wake();

    // Names the owner of a socket that existed before the start, unless it was used since.
    Result<void> set_owner(int socket_fd, const pidcap_owner& owner);

    // The process filter's part in the kernel (bpf/verdict.h). `without_process`: by enum
    // pidcap_via, a bit each, which packets without a process are wanted. A refusal that finds no
    // room is left out: user space decides then.
    void filter_processes(bool active, uint32_t without_process);
    void refuse(const pidcap_subject& subject, uint64_t change);
    void take_back(const pidcap_subject& subject);
    void forget_changes(const pidcap_process& process);

    const DropCounters& drops() const { return drops_; }
    // As the cgroup hook's programs saw it; empty: they didn't.
    std::string device_name(const pidcap_interface& interface) const;
    uint64_t events_lost() const;    // no room in their ring
    uint64_t events_missed() const;  // see misses_of()
    uint64_t uses_lost() const;      // either

  private:
    using Skeleton = std::unique_ptr<pidcap_bpf, CloseSkeleton>;

    Programs(Skeleton skeleton, PacketRings rings, size_t cpus, Hook hook, Tracing tracing);

    static Result<Programs> load_with(const ProgramOptions& options, const std::string& cgroup_root,
                                      Tracing tracing, const Features& kernel);
    // Attaches what follows sockets and processes.
    Result<void> follow(int cgroup_fd, const Features& kernel);

    Skeleton skeleton_;
    PacketRings rings_;
    DropCounters drops_;
    std::optional<FilterPrograms> filters_;
    std::vector<Link> links_;
    Hook hook_;
    Tracing tracing_;
};

}  // namespace capture
