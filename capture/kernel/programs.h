// SPDX-License-Identifier: GPL-2.0-only
//
// Programs: the kernel side, loaded and following processes and sockets. Owns every program, map
// and link of bpf/ but those on interfaces (see InterfaceHook). Destroying it detaches everything.
//
// libbpf's own messages are kept and become part of an error, so that nothing is printed behind the
// program's back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bpf/contract.h"
#include "capture/kernel/merge.h"
#include "capture/kernel/tracing.h"
#include "packet/filter/packet_filter.h"
#include "pcapng/result.h"

namespace capture {

// Where packets are taken.
enum class Hook {
    kTc,      // on interfaces, at traffic control
    kXdp,     // on interfaces: what comes in at XDP, the rest at traffic control
    kCgroup,  // at sockets
};

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

// Memory of all CPUs' large rings together, and the least that one of them is given: a packet of
// 256 KiB must fit. The small ones come on top, where they are an eighth of the large ones.
constexpr uint64_t kDefaultBuffer = 32ULL << 20;
constexpr uint64_t kMinRing = 512ULL << 10;
constexpr uint64_t kMaxSmallRing = 2ULL << 20;

// The program for one hook.
enum class HookProgram {
    kEthernetIn,
    kEthernetOut,
    kIpIn,
    kIpOut,
    kLoopback,
    kXdpIn,
    kSocketIn,
    kSocketOut,
};

class Programs {
  public:
    // Loads everything and starts to follow processes, and the sockets of all that lives below
    // `cgroup_root`, where cgroup v2 is mounted. No interface is attached yet. Errors name what is
    // missing: kernel support or a capability.
    static Result<std::unique_ptr<Programs>> load(const ProgramOptions& options,
                                                  const std::string& cgroup_root);
    virtual ~Programs() = default;

    virtual Tracing tracing() const = 0;
    // What to attach. An error: the filter makes no sense for the packets there.
    virtual Result<int> program_fd(HookProgram program) const = 0;

    // The readers of the rings; call once.
    virtual Result<Merge> open_rings() = 0;

    // File descriptors that become readable when a record comes after sleep() was called.
    virtual std::vector<int> wake_fds() const = 0;

    // Asks the kernel side to wake the reader for the next packet. Look into the rings once more
    // before sleeping: a packet may have come just before.
    virtual void request_wake() = 0;

    // Names the owner of a socket that existed before the start, unless it was used since.
    virtual Result<void> set_owner(int socket_fd, const pidcap_owner& owner) = 0;

    // The process filter's part in the kernel (bpf/verdict.h). `without_process`: by enum
    // pidcap_via, a bit each, which packets without a process are wanted. A refusal that finds no
    // room is left out: user space decides then.
    virtual void filter_processes(bool active, uint32_t without_process) = 0;
    virtual void refuse(const pidcap_subject& subject, uint64_t change) = 0;
    virtual void take_back(const pidcap_subject& subject) = 0;
    virtual void forget_changes(const pidcap_process& process) = 0;

    // Counters since the start, or since forget_drops().
    virtual pidcap_drops drops(const pidcap_interface& interface) const = 0;
    // The interface has gone: makes room for others.
    virtual void forget_drops(const pidcap_interface& interface) const = 0;
    // Those that have such counters.
    virtual std::vector<pidcap_interface> with_drops() const = 0;
    // As the cgroup hook's programs saw it; empty: they didn't.
    virtual std::string device_name(const pidcap_interface& interface) const = 0;
    virtual uint64_t events_lost() const = 0;    // no room in their ring
    virtual uint64_t events_missed() const = 0;  // see misses_of()
    virtual uint64_t uses_lost() const = 0;      // either
};

}  // namespace capture
