// SPDX-License-Identifier: GPL-2.0-only
//
// TeeSink: hands everything to two sinks, the file's and the screen's of --print. An error of
// either ends the capture. Both outlive it. One thread.
#pragma once

#include <span>
#include <vector>

#include "packet/sink.h"

namespace cmd {

class TeeSink : public packet::Sink {
  public:
    TeeSink(packet::Sink& first, packet::Sink& second) : first_(first), second_(second) {}

    pcapng::Result<void> interface(const packet::Interface& interface) override {
        return both([&](packet::Sink& sink) { return sink.interface(interface); });
    }
    pcapng::Result<void> packet(const packet::Packet& packet) override {
        return both([&](packet::Sink& sink) { return sink.packet(packet); });
    }
    pcapng::Result<void> process(const packet::ProcessEvent& event) override {
        return both([&](packet::Sink& sink) { return sink.process(event); });
    }
    pcapng::Result<void> keys(std::span<const packet::KeyLogLine> lines) override {
        return both([&](packet::Sink& sink) { return sink.keys(lines); });
    }
    pcapng::Result<void> idle() override {
        return both([](packet::Sink& sink) { return sink.idle(); });
    }
    pcapng::Result<void> finish(const std::vector<packet::InterfaceCounters>& counters) override {
        return both([&](packet::Sink& sink) { return sink.finish(counters); });
    }

  private:
    // Calls both, also if the first has failed, so that neither lacks the end.
    template <typename Call>
    pcapng::Result<void> both(Call call) {
        pcapng::Result<void> first = call(first_);
        pcapng::Result<void> second = call(second_);
        return first ? second : first;
    }

    packet::Sink& first_;
    packet::Sink& second_;
};

}  // namespace cmd
