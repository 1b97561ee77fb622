// SPDX-License-Identifier: GPL-2.0-only
//
// InterfaceSet: hooks on the interfaces of one or more network namespaces. Follows renames,
// arrivals and departures where "any" was asked for, and new namespaces where all were. An
// interface that is renamed, or that vanishes and comes back, is a new one with a new id: a file's
// interfaces can't change. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "capture/hooks/attachment.h"
#include "capture/hooks/interface_hook.h"
#include "capture/hooks/interfaces.h"
#include "capture/hooks/netns.h"

namespace capture {

struct InterfaceChoice {
    std::vector<std::string> names;  // "any": all of them, now and later
    // Names, paths or pids; "all": all of them, now and later. Empty: the current one.
    std::vector<std::string> netns;
    HookMode mode = HookMode::kAuto;
};

class InterfaceSet : public Attachment {
  public:
    // Whether a process is in a network namespace: where none is, a capture in all of them must not
    // keep the namespace alive.
    using IsInUse = std::function<bool(uint32_t netns)>;

    // A name that is in none of the namespaces, or whose link layer can't be captured, is an error.
    static Result<std::unique_ptr<InterfaceSet>> open(const Programs& programs,
                                                      InterfaceChoice choice, uint32_t snaplen,
                                                      IsInUse is_in_use);
    ~InterfaceSet() override { detach(); }

    // A failure is an error for an interface that was named; for "any" it goes to skipped(), unless
    // nothing at all could be attached.
    Result<void> attach(Sink& sink) override;
    void detach() override;
    std::vector<int> fds() const override;
    Result<void> update() override;
    void netns_seen(uint32_t inum, uint32_t tid) override;
    Result<void> follow_netns(uint64_t now_mono) override;
    Result<const packet::Interface*> find_for_packet(const InterfaceKey& key) override;
    Result<void> announce_dropped() override;
    const char* name() const override { return attached_by(programs_->hook(), choice_.mode); }
    const std::vector<std::string>& skipped() const override { return skipped_; }
    InterfaceLedger& ledger() override { return ledger_; }
    const InterfaceLedger& ledger() const override { return ledger_; }

  private:
    struct Place {
        Netns netns;
        InterfaceMonitor monitor;
        bool named = false;  // asked for by name: kept to the end
    };
    // Attached to, but no packet came yet and it isn't up. `drops` are those of before.
    struct Unannounced {
        InterfaceLedger::Description description;
        pidcap_drops drops;
    };

    InterfaceSet(const Programs& programs, InterfaceChoice choice, uint32_t snaplen,
                 IsInUse is_in_use);

    Result<void> open_places();
    Result<void> add_place(Netns netns, bool named);
    Result<void> check_names() const;
    Result<void> attach_place(Place& place);
    void leave_place(Place& place);
    bool wants(const Interface& interface) const;
    Result<void> add(Place& place, const Interface& interface, bool required);
    Result<void> follow(Place& place, const InterfaceEvent& event);
    Result<void> announce(const InterfaceKey& key);
    // An interface that isn't announced takes the place of whatever had its key.
    void renew(const Place& place, const Interface& interface);
    void skip(std::string reason);

    const Programs* programs_;
    InterfaceChoice choice_;
    IsInUse is_in_use_;
    InterfaceLedger ledger_;
    bool any_ = false;
    bool all_netns_ = false;
    bool attached_ = false;
    std::map<uint32_t, Place> places_;      // by the namespace's number
    std::map<uint32_t, uint32_t> arrived_;  // namespaces to look at: a thread that was there
    std::set<uint32_t> refused_;            // that we could not enter
    uint64_t next_check_mono_ = 0;
    std::map<InterfaceKey, std::unique_ptr<InterfaceHook>> hooks_;
    std::map<InterfaceKey, Unannounced> unannounced_;
    std::vector<std::string> skipped_;
};

}  // namespace capture
