// SPDX-License-Identifier: GPL-2.0-only
//
// NoHook: the attachment of a capture that takes no packets, only events. One thread.
#pragma once

#include "capture/hooks/attachment.h"

namespace capture {

class NoHook : public Attachment {
  public:
    NoHook(const DropCounters& drops, uint32_t snaplen)
        : ledger_(drops, snaplen, InterfaceLedger::kMost) {}

    NeededRights needs() const override { return {}; }
    Result<void> attach(Sink& sink) override {
        ledger_.begin(sink);
        return {};
    }
    void detach() override {}
    std::vector<int> fds() const override { return {}; }
    Result<void> update() override { return {}; }
    Result<const packet::Interface*> find_for_packet(const InterfaceKey& key) override {
        return ledger_.find(key);
    }
    Result<void> announce_dropped() override { return {}; }
    const char* name() const override { return "no hook"; }
    Notices& notices() override { return notices_; }
    const Notices& notices() const override { return notices_; }
    InterfaceLedger& ledger() override { return ledger_; }
    const InterfaceLedger& ledger() const override { return ledger_; }

  private:
    InterfaceLedger ledger_;
    Notices notices_;
};

}  // namespace capture
