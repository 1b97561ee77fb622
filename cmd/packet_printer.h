// SPDX-License-Identifier: GPL-2.0-only
//
// PacketPrinter: packets as text, a line or a JSON object each, the same of a running capture and
// of a file. One for all packets that stand together. One thread.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>

#include "forensics/analysis/flow_table.h"
#include "forensics/analysis/table.h"
#include "packet/kept_processes.h"
#include "packet/line/packet_line.h"
#include "packet/packet.h"

namespace cmd {

class PacketPrinter {
  public:
    virtual ~PacketPrinter() = default;
    // Appends the packet's text, with a line break at its end.
    virtual void append(std::string& out, const packet::Packet& packet) = 0;
};

class LinePrinter : public PacketPrinter {
  public:
    explicit LinePrinter(packet::LineStyle style) : line_(style) {}

    void append(std::string& out, const packet::Packet& packet) override;

  private:
    packet::PacketLine line_;
    fmt::memory_buffer buffer_;
};

// What packets of a file point to lives as long as the file is read; a running capture forgets it.
enum class PacketsOf : uint8_t { kFile, kCapture };

// For a capture, conversations get new numbers whenever many have been counted, so that neither
// memory nor a temporary file grows with the time that it runs.
class JsonPrinter : public PacketPrinter {
  public:
    // `host`: that processes ran on which name none, as those of a capture.
    explicit JsonPrinter(PacketsOf source, std::string host = {});

    void append(std::string& out, const packet::Packet& packet) override;

  private:
    // What is known of the conversations so far.
    struct Known {
        explicit Known(const std::string& host) : processes(host) {}

        forensics::FlowTable flows{forensics::FlowTable::Options{.names = false}};
        packet::KeptProcesses processes;
    };

    PacketsOf source_;
    std::string host_;
    std::unique_ptr<Known> known_;
    uint64_t first_flow_ = 0;  // number of the first one of `known_`
    forensics::Row row_;
};

}  // namespace cmd
