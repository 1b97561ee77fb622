// SPDX-License-Identifier: GPL-2.0-only
//
// The rows of `pidcap top`, made of Traffic: by process, as a tree, by conversation, by remote
// address. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cmd/offline/terminal_table.h"
#include "cmd/top/traffic.h"

namespace cmd {

enum class TopView : uint8_t { kProcesses, kTree, kConversations, kRemotes };
inline constexpr std::array<std::pair<std::string_view, TopView>, 4> kTopViews{
    {{"processes", TopView::kProcesses},
     {"tree", TopView::kTree},
     {"conversations", TopView::kConversations},
     {"remotes", TopView::kRemotes}}};

enum class TopSort : uint8_t {
    kRate,  // out and in
    kOut,
    kIn,
    kPackets,
    kTotal,
    kRetransmissions,
    kRoundTrip,
    kCpu,
    kMemory,
    kPid,
    kName,
};
inline constexpr std::array<std::pair<std::string_view, TopSort>, 11> kTopSorts{
    {{"rate", TopSort::kRate},
     {"out", TopSort::kOut},
     {"in", TopSort::kIn},
     {"packets", TopSort::kPackets},
     {"total", TopSort::kTotal},
     {"retransmissions", TopSort::kRetransmissions},
     {"rtt", TopSort::kRoundTrip},
     {"cpu", TopSort::kCpu},
     {"memory", TopSort::kMemory},
     {"pid", TopSort::kPid},
     {"name", TopSort::kName}}};

// Texts are as processes chose them.
struct TopRow {
    std::string id;                   // the same row has the same one in the next interval
    size_t depth = 0;                 // in the tree
    std::optional<uint32_t> process;  // its number, if the row is of one process
    uint32_t pid = 0;                 // 0: none
    std::string name;                 // of the process, or "(kernel)"
    std::string place;                // container, else unit, else user
    std::string command;
    std::string protocol;  // of a conversation
    std::string local;
    std::string remote;  // an address, in a conversation with the port
    std::string peer;    // the process at the other end of a conversation
    TrafficSums now;     // in the latest interval
    TrafficSums total;
    size_t conversations = 0;
    size_t processes = 0;  // of a remote address
    uint32_t round_trip_us = 0;
    std::optional<ProcessUsage> usage;
};

// In order: most first, pids and names from the smallest on. In a tree, among the children of one
// process, and each process has its descendants' sums, too.
std::vector<TopRow> top_rows(const Traffic& traffic, TopView view, TopSort sort);

// The row as cells below these headings, safe for a terminal. `seconds`: of the interval.
std::span<const Heading> top_headings(TopView view);
std::vector<Cell> top_cells(const TopRow& row, TopView view, double seconds);

// "1.2K", "12M": three digits and a unit of 1024. For rates and sizes in narrow columns.
std::string short_size(double bytes);

}  // namespace cmd
