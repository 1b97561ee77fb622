// SPDX-License-Identifier: GPL-2.0-only
//
// InterfaceSet: the captured interfaces of a session, their hooks and their counters. Follows
// renames, arrivals and departures where "any" was asked for. An interface that is renamed, or that
// vanishes and comes back, is a new one with a new id: a file's interfaces can't change. One
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture/interface_hook.h"
#include "capture/interfaces.h"
#include "capture/packet.h"
#include "capture/programs.h"

namespace capture {

class InterfaceSet {
  public:
    // `names` may contain "any": all of them, now and later. An unknown name, or one whose link
    // layer can't be captured, is an error.
    static Result<InterfaceSet> open(const Programs& programs, std::vector<std::string> names,
                                     HookMode mode, uint32_t snaplen);

    // Attaches, and announces to the sink from now on. A failure is an error for an interface that
    // was named; for "any" it goes to skipped(), unless nothing at all could be attached.
    Result<void> attach(Sink& sink);

    int fd() const { return monitor_.fd(); }
    // Follows what changed; call when fd() is readable.
    Result<void> update();

    void detach();
    // Interfaces of which every packet was dropped have to be named all the same. Call at the end.
    Result<void> announce_dropped();

    // The interface that a packet with this ifindex belongs to, announced if it hasn't been yet.
    // Null only for one that is gone without ever having been announced.
    Result<const CapturedInterface*> find_for_packet(uint32_t ifindex);
    InterfaceCounters& count(const CapturedInterface& interface) { return counters_[interface.id]; }

    const std::vector<CapturedInterface>& list() const { return announced_; }
    std::vector<InterfaceCounters> counters() const;
    const std::vector<std::string>& skipped() const { return skipped_; }
    HookMode mode() const { return mode_; }

  private:
    // Attached to, but no packet came yet and it isn't up. `drops` are those of before.
    struct Unannounced {
        Interface interface;
        pidcap_drops drops;
    };

    InterfaceSet(const Programs& programs, std::vector<std::string> names, InterfaceMonitor monitor,
                 HookMode mode, uint32_t snaplen)
        : programs_(&programs),
          names_(std::move(names)),
          monitor_(std::move(monitor)),
          mode_(mode),
          snaplen_(snaplen) {}

    bool wants(const Interface& interface) const;
    const CapturedInterface* find(uint32_t ifindex) const;
    const Interface* find_by_name(const std::string& name) const;
    Result<void> add(const Interface& interface, bool required);
    Result<void> announce(uint32_t ifindex);
    void renew(const Interface& interface);
    void retire(uint32_t ifindex);
    void add_drops(uint32_t id, const pidcap_drops& now);

    const Programs* programs_;
    std::vector<std::string> names_;
    InterfaceMonitor monitor_;
    HookMode mode_;
    uint32_t snaplen_;
    Sink* sink_ = nullptr;
    bool any_ = false;
    std::unordered_map<uint32_t, std::unique_ptr<InterfaceHook>> hooks_;  // by ifindex
    std::unordered_map<uint32_t, Unannounced> unannounced_;               // by ifindex
    std::unordered_map<uint32_t, uint32_t> ids_;                          // ifindex to newest id
    std::vector<CapturedInterface> announced_;                            // by id
    std::vector<InterfaceCounters> counters_;                             // by id
    std::vector<pidcap_drops> drops_start_;  // by id: the kernel's counters when it was announced
    std::vector<std::string> skipped_;
};

}  // namespace capture
