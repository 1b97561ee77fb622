// SPDX-License-Identifier: GPL-2.0-only
//
// SocketHook: our programs at the root of cgroup v2, which see the IP packets of every socket in
// every network namespace. An interface is announced with its first packet.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "capture/hooks/attachment.h"
#include "pcapng/fd.h"

namespace capture {

class SocketHook : public Attachment {
  public:
    // `cgroup` is the root's directory.
    SocketHook(const Programs& programs, pcapng::Fd cgroup, uint32_t snaplen)
        : programs_(&programs), cgroup_(std::move(cgroup)), ledger_(programs, snaplen) {}

    Result<void> attach(Sink& sink) override;
    void detach() override { links_.clear(); }
    std::vector<int> fds() const override { return {}; }
    Result<void> update() override { return {}; }
    Result<const packet::Interface*> find_for_packet(const InterfaceKey& key) override;
    Result<void> announce_dropped() override;
    const char* name() const override { return attached_by(Hook::kCgroup, {}); }
    const std::vector<std::string>& skipped() const override { return skipped_; }
    InterfaceLedger& ledger() override { return ledger_; }
    const InterfaceLedger& ledger() const override { return ledger_; }

  private:
    std::string name_of(const InterfaceKey& key) const;

    const Programs* programs_;
    pcapng::Fd cgroup_;
    InterfaceLedger ledger_;
    std::vector<pcapng::Fd> links_;
    std::vector<std::string> skipped_;
};

}  // namespace capture
