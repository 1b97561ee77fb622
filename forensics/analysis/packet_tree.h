// SPDX-License-Identifier: GPL-2.0-only
//
// PacketTree: prints a file's packets below their processes, and these below their parents, as far
// as the file records them. A packet of two processes is printed below Packet::self. Memory grows
// with the processes; the lines go to a temporary file. One thread.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "forensics/analysis/line_groups.h"
#include "forensics/analysis/recorded_ancestry.h"
#include "forensics/packet_types.h"
#include "forensics/source/source.h"
#include "packet/line/packet_line.h"
#include "packet/line/text_output.h"
#include "pcapng/result.h"

namespace forensics {

class PacketTree {
  public:
    // `source` is that of the packets and outlives this.
    PacketTree(const Source& source, packet::LineStyle style)
        : source_(source), processes_(source.processes()), style_(style), line_(style) {}

    pcapng::Result<void> add(const Packet& packet);

    // Call at the end of the file. Returns false if `out` takes nothing more.
    pcapng::Result<bool> print(packet::TextOutput& out);

  private:
    struct Count {
        uint64_t packets = 0;
        uint64_t bytes = 0;  // of packets, on the wire
        uint64_t events = 0;

        bool any() const { return packets > 0 || events > 0; }
    };
    // A process, or a parent that only its children record.
    struct Node {
        const Process* process = nullptr;
        uint32_t pid = 0;
        std::string_view comm;  // as a child records it, if there is no process
        uint64_t pidns = 0;
        std::vector<size_t> children = {};
        uint32_t walk = 0;  // on which way up it was found
    };

    // The reasons for no process, in the order of printing; the last: the file records none.
    static constexpr std::array<Via, 4> kReasons = {Via::kKernel, Via::kForwarded, Via::kUnknown,
                                                    Via::kUnrecorded};
    static size_t group_of(const Packet& packet);

    void place(const Process& process);
    size_t node_of(const packet::Ancestry::Parent& parent, const std::string& host, bool& found);
    pcapng::Result<bool> print_node(const Node& node, size_t depth, packet::TextOutput& out);
    pcapng::Result<bool> print_group(size_t group, std::string_view heading, size_t depth,
                                     packet::TextOutput& out);
    std::string heading(const Node& node) const;

    const Source& source_;
    const std::deque<Process>& processes_;
    packet::LineStyle style_;
    packet::PacketLine line_;
    fmt::memory_buffer buffer_;
    LineGroups lines_;           // first those of kReasons, then by the process's number
    std::vector<Count> counts_;  // the same
    std::vector<Node> nodes_;
    std::vector<size_t> roots_;
    std::map<uint32_t, size_t> by_number_;
    std::map<std::tuple<std::string, uint32_t, uint64_t, std::string>, size_t> by_name_;
    std::optional<RecordedAncestry> ancestry_;
    uint32_t walk_ = 0;
};

}  // namespace forensics
