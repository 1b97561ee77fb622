// SPDX-License-Identifier: GPL-2.0-only
//
// PlaintextCount: hands everything on, and counts the plaintext of TLS in it, for each process. One
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "packet/sink.h"

namespace cmd {

class PlaintextCount : public packet::Sink {
  public:
    // `next` outlives this.
    explicit PlaintextCount(packet::Sink& next) : next_(next) {}

    pcapng::Result<void> interface(const packet::Interface& interface) override {
        return next_.interface(interface);
    }
    pcapng::Result<void> packet(const packet::Packet& packet) override;
    pcapng::Result<void> process(const packet::ProcessEvent& event) override {
        return next_.process(event);
    }
    pcapng::Result<void> keys(std::span<const packet::KeyLogLine> lines) override {
        return next_.keys(lines);
    }
    pcapng::Result<void> idle() override { return next_.idle(); }
    pcapng::Result<void> finish(const std::vector<packet::InterfaceCounters>& counters) override {
        return next_.finish(counters);
    }

    // A line for each process, those with the most bytes first.
    std::vector<std::string> lines() const;

  private:
    static constexpr size_t kMostProcesses = 4'096;

    struct Passed {
        std::string comm;
        uint32_t pid = 0;  // 0: of all processes for which there was no room
        std::string library;
        uint64_t sent = 0;      // bytes
        uint64_t received = 0;  // likewise
        uint64_t missing = 0;   // of either, that are in no event
    };

    packet::Sink& next_;
    std::map<uint32_t, Passed> processes_;  // by number
};

}  // namespace cmd
