// SPDX-License-Identifier: GPL-2.0-only
//
// KeyLogSink: hands everything on, and writes TLS keys into a key log file besides, which any tool
// takes with a capture (tshark -o tls.keylog_file:FILE). One thread.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "packet/key_log.h"
#include "packet/sink.h"
#include "pcapng/fd.h"

namespace cmd {

class KeyLogSink : public packet::Sink {
  public:
    // `next` outlives this. `file` is open to append; `name` is for messages.
    KeyLogSink(packet::Sink& next, pcapng::Fd file, std::string name)
        : next_(next), file_(std::move(file)), name_(std::move(name)) {}

    pcapng::Result<void> interface(const packet::Interface& interface) override {
        return next_.interface(interface);
    }
    pcapng::Result<void> packet(const packet::Packet& packet) override {
        return next_.packet(packet);
    }
    pcapng::Result<void> process(const packet::ProcessEvent& event) override {
        return next_.process(event);
    }
    pcapng::Result<void> keys(std::span<const packet::KeyLogLine> lines) override;
    pcapng::Result<void> idle() override { return next_.idle(); }
    pcapng::Result<void> finish(const std::vector<packet::InterfaceCounters>& counters) override {
        return next_.finish(counters);
    }

  private:
    packet::Sink& next_;
    pcapng::Fd file_;
    std::string name_;
};

}  // namespace cmd
