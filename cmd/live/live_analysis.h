// SPDX-License-Identifier: GPL-2.0-only
//
// LiveAnalysis: what a running capture hands to an Analysis, as a pass over a file does. Keeps a
// copy of each process and interface that packets name. Memory grows with these and with the
// conversations: a capture may not open a temporary file. One thread.
#pragma once

#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "capture/host_name.h"
#include "cmd/live/live_sink.h"
#include "forensics/analysis/flow_table.h"
#include "packet/address_names.h"
#include "packet/kept_processes.h"

namespace cmd {

class LiveAnalysis : public LiveSink {
  public:
    using Take = std::function<void(const packet::Packet&)>;

    // `take` gets each packet and event, whose processes live as long as this object.
    explicit LiveAnalysis(Take take) : take_(std::move(take)) {}

    pcapng::Result<void> packet(const packet::Packet& packet) override {
        const packet::Packet& kept = kept_.keep(packet);
        const auto added = names_.add(kept);
        address_names_.insert(address_names_.end(), added.begin(), added.end());
        take_(kept);
        return {};
    }
    pcapng::Result<void> finish(const std::vector<packet::InterfaceCounters>&) override {
        finished_ = true;
        return {};
    }
    // Whether there was a capture, so that there is a result.
    bool finished() const { return finished_; }

    const std::deque<packet::Process>& processes() const { return kept_.processes(); }
    // The names of containers for their addresses; of several of one address, the last one counts.
    const std::vector<packet::NamedAddress>& address_names() const { return address_names_; }

  private:
    Take take_;
    packet::AddressNames names_;
    std::vector<packet::NamedAddress> address_names_;
    packet::KeptProcesses kept_{capture::host_name()};
    bool finished_ = false;
};

// What of conversations is kept, without a temporary file.
inline forensics::FlowTable::Options in_memory(forensics::FlowTable::Options options) {
    options.bytes_in_memory = forensics::FlowTable::kAllInMemory;
    return options;
}

}  // namespace cmd
