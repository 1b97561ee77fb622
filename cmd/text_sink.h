// SPDX-License-Identifier: GPL-2.0-only
//
// The sink for standard output: packets as text. Lines are kept until nothing more is waiting or
// the buffer is full, so that a pipe sees a packet at once and a flood costs few writes. One
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "capture/packet_types.h"
#include "cmd/packet_printer.h"

namespace cmd {

class TextSink : public packet::Sink {
  public:
    // `fd` belongs to the caller and outlives the sink. The caller ignores SIGPIPE: a reader who
    // left is an Error with the code EPIPE, to be taken as a quiet end. `stop_fd`: see write_all.
    TextSink(int fd, std::unique_ptr<PacketPrinter> printer, int stop_fd = -1)
        : fd_(fd), stop_fd_(stop_fd), printer_(std::move(printer)) {}

    capture::Result<void> interface(const packet::Interface& interface) override;
    capture::Result<void> packet(const packet::Packet& packet) override;
    capture::Result<void> idle() override { return flush(); }
    capture::Result<void> finish(const std::vector<packet::InterfaceCounters>& counters) override;

    bool failed() const { return failed_; }
    // Packets that came after a failed write.
    uint64_t unwritten() const { return unwritten_; }

  private:
    capture::Result<void> flush();

    int fd_;
    int stop_fd_;
    std::unique_ptr<PacketPrinter> printer_;
    std::string buffer_;
    bool failed_ = false;  // a write failed: what is left has nowhere to go
    uint64_t unwritten_ = 0;
};

}  // namespace cmd
