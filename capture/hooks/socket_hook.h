// SPDX-License-Identifier: GPL-2.0-only
//
// SocketHook: our programs at the root of cgroup v2, which see the IP packets of every socket in
// every network namespace. An interface has the name that it had at its first packet.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "capture/hooks/attachment.h"
#include "capture/kernel/programs.h"
#include "pcapng/fd.h"

namespace capture {

class SocketHook : public Attachment {
  public:
    // `cgroup` is the root's directory.
    SocketHook(const Programs& programs, pcapng::Fd cgroup, uint32_t snaplen, size_t max_interfaces)
        : programs_(&programs),
          cgroup_(std::move(cgroup)),
          ledger_(programs.drops(), snaplen, max_interfaces) {}

    // The links go with their descriptors.
    NeededRights needs() const override { return {}; }
    Result<void> attach(Sink& sink) override;
    void detach() override { links_.clear(); }
    std::vector<int> fds() const override { return {}; }
    Result<void> update() override { return {}; }
    Result<const packet::Interface*> find_for_packet(const InterfaceKey& key) override;
    Result<void> announce_dropped() override;
    const char* name() const override { return attached_by(Hook::kCgroup, {}); }
    Notices& notices() override { return notices_; }
    const Notices& notices() const override { return notices_; }
    InterfaceLedger& ledger() override { return ledger_; }
    const InterfaceLedger& ledger() const override { return ledger_; }

  private:
    std::string name_of(const InterfaceKey& key) const;

    const Programs* programs_;
    pcapng::Fd cgroup_;
    InterfaceLedger ledger_;
    std::vector<pcapng::Fd> links_;
    Notices notices_;
};

}  // namespace capture
