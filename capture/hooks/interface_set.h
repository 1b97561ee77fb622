// SPDX-License-Identifier: GPL-2.0-only
//
// InterfaceSet: hooks on the interfaces of one or more network namespaces. With the interface "any"
// it follows renames, arrivals and departures; with the namespace "all" it follows new namespaces.
// An interface that is renamed, or that vanishes and comes back, gets a new id, because an
// interface in a file can't change. After the start, an interface or a new name is announced with
// its first packet only: any user can make thousands in a namespace of his own. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "capture/hooks/attachment.h"
#include "capture/hooks/expedited_rcu.h"
#include "capture/hooks/interface_hook.h"
#include "capture/hooks/interfaces.h"
#include "capture/hooks/netns.h"
#include "capture/hooks/promiscuous_mode.h"
#include "capture/kernel/programs.h"

namespace capture {

inline constexpr const char* kAnyInterface = "any";
inline constexpr const char* kAllNetns = "all";

struct InterfaceChoice {
    std::vector<std::string> names;  // "any": all, including later ones
    // Names, paths or pids; "all": all, including later ones. Empty: the current one.
    std::vector<std::string> netns;
    HookMode mode = HookMode::kAuto;
    bool promiscuous = true;    // those of `names` but "any"
    bool asks_for_tag = false;  // the packet filter does, see PacketFilter::tagged_program()
    size_t most = InterfaceLedger::kMost;  // are announced, see InterfaceLedger

    bool any() const;        // kAnyInterface is among the names
    bool all_netns() const;  // kAllNetns is among the namespaces
};

class InterfaceSet : public Attachment {
  public:
    // Returns true if a process is in the network namespace. A capture in all namespaces must not
    // keep one alive that no process is in.
    using IsInUse = std::function<bool(uint32_t netns)>;

    // Returns an error if a named interface is in none of the namespaces, or its link layer can't
    // be captured.
    static Result<std::unique_ptr<InterfaceSet>> open(const Programs& programs,
                                                      InterfaceChoice choice, uint32_t snaplen,
                                                      IsInUse is_in_use);
    ~InterfaceSet() override { detach(); }

    NeededRights needs() const override;

    // Returns an error if a named interface can't be attached to. With "any", such an interface is
    // in notices(), as one that comes later, and it is an error only if none could be attached to.
    // Announces the named ones and those that are up, so that readers know what is captured.
    Result<void> attach(Sink& sink) override;
    void detach() override;
    std::vector<int> fds() const override;
    Result<void> update() override;
    void netns_seen(uint32_t inum, uint32_t tid) override;
    Result<void> round_ended(uint64_t now_mono) override;
    Result<const packet::Interface*> find_for_packet(const InterfaceKey& key) override;
    Result<void> announce_dropped() override;
    const char* name() const override { return attached_by(programs_->hook(), choice_.mode); }
    Notices& notices() override { return notices_; }
    const Notices& notices() const override { return notices_; }
    InterfaceLedger& ledger() override { return ledger_; }
    const InterfaceLedger& ledger() const override { return ledger_; }

  private:
    struct Place {
        Netns netns;
        InterfaceMonitor monitor;
        bool named = false;  // requested by name: kept until the end
        // Of the named interfaces, or why it can't be had; none: it isn't wanted.
        std::optional<Result<PromiscuousMode>> promiscuous{};
    };
    InterfaceSet(const Programs& programs, InterfaceChoice choice, uint32_t snaplen,
                 IsInUse is_in_use);

    Result<void> open_places();
    Result<void> add_place(Netns netns, bool named);
    bool wants_promiscuous_mode() const;
    Result<void> check_names() const;
    Result<void> attach_place(Place& place);
    Result<void> update_place(Place& place);
    Result<void> follow_netns();
    Result<void> leave_unused_netns();
    Result<void> leave_place(Place& place);
    Result<void> remove(Place& place, uint32_t ifindex);
    bool is_named(const Interface& interface) const;
    bool wants(const Interface& interface) const;
    void make_promiscuous(Place& place, const Interface& interface);
    void warn_of_hidden_tags(const Interface& interface, const std::string& name);
    size_t count_wanted() const;
    Result<void> add(Place& place, const Interface& interface, bool required);
    Result<void> follow(Place& place, const InterfaceEvent& event);
    Result<void> announce(const InterfaceKey& key);
    // Notes what the interface is now, to be announced with its next packet.
    void renew(const Place& place, const Interface& interface);
    void skip(const std::string& reason);

    const Programs* programs_;
    InterfaceChoice choice_;
    RcuSettings rcu_settings_;
    IsInUse is_in_use_;
    InterfaceLedger ledger_;
    bool any_ = false;
    bool all_netns_ = false;
    bool attached_ = false;
    bool started_ = false;  // attach() has ended: what comes is announced with its first packet
    std::map<uint32_t, Place> places_;      // by the namespace's inode number
    std::map<uint32_t, uint32_t> arrived_;  // namespaces to enter: a thread seen in each
    std::set<uint32_t> refused_;            // namespaces that we could not enter
    uint64_t next_check_mono_ = 0;
    uint64_t last_round_mono_ = 0;
    std::map<InterfaceKey, std::unique_ptr<InterfaceHook>> hooks_;
    std::map<InterfaceKey, InterfaceLedger::Description> unannounced_;
    std::map<InterfaceKey, uint64_t> gone_;  // and from when on none of its packets is left
    std::set<InterfaceKey> not_captured_;    // the user has been told
    std::string first_skipped_;
    Notices notices_;
};

}  // namespace capture
