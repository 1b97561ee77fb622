// SPDX-License-Identifier: GPL-2.0-only
//
// CaptureFile: packets that a test makes up or reads, to be put through a FlowTable and, as a file,
// through tshark.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "forensics/analysis/flow_table.h"
#include "forensics/packet_types.h"

namespace test {

using Frame = std::vector<uint8_t>;

// A time for a first packet, and TCP's flags.
constexpr uint64_t kStart = 1'700'000'000'000'000'000;
constexpr uint8_t kFin = 1;
constexpr uint8_t kSyn = 2;
constexpr uint8_t kRst = 4;
constexpr uint8_t kAck = 16;

class CaptureFile {
  public:
    explicit CaptureFile(uint16_t link_type = 101) { interface_.link_type = link_type; }

    // The packets of a pcapng file of one interface.
    static CaptureFile read(const std::string& path);

    // `captured`: the rest is cut off; the packet's length stays. `comment`: of its sender, in a
    // file.
    void add(Frame frame, uint64_t time_ns, std::optional<size_t> captured = std::nullopt,
             std::string comment = {});
    // As pcapng.
    void write(const std::string& path) const;

    size_t size() const { return frames_.size(); }
    forensics::Packet packet(size_t index) const;
    forensics::FlowTable flows(forensics::FlowTable::Options options = {}) const;  // finished

  private:
    struct Entry {
        Frame frame;
        uint64_t time_ns = 0;
        uint32_t wire_length = 0;
        std::string comment{};
    };
    forensics::Interface interface_;
    std::vector<Entry> frames_;
};

struct Ipv4Packet {
    uint8_t from = 1;  // 10.0.0.from
    uint8_t to = 2;
    uint8_t protocol = 6;
    uint16_t id = 0;
    uint16_t fragment = 0;  // flags and offset
    Frame payload{};
};
Frame make(const Ipv4Packet& packet);

struct Segment {
    uint8_t from = 1;
    uint8_t to = 2;
    uint16_t source_port = 40000;
    uint16_t target_port = 20000;
    uint32_t sequence = 0;
    uint32_t acknowledgment = 0;
    uint8_t flags = 0x10;
    uint16_t window = 500;
    Frame data{};
};
Frame make(const Segment& segment);

struct Datagram {
    uint8_t from = 1;
    uint8_t to = 2;
    uint16_t source_port = 40000;
    uint16_t target_port = 20000;
    Frame data{};
};
Frame udp_header(const Datagram& datagram);  // with the data, without IP
Frame make(const Datagram& datagram);

Frame bytes_of(const std::string& text);

// A table of tshark's fields: a row for each packet that `filter` lets through.
std::vector<std::vector<std::string>> tshark_fields(const std::string& file,
                                                    const std::string& filter,
                                                    const std::vector<std::string>& fields,
                                                    const std::vector<std::string>& options = {});

}  // namespace test
