// SPDX-License-Identifier: GPL-2.0-only
//
// FlowOwners: finds the processes of a conversation at a time, in a table that `pidcap flows
// --json` printed. Memory grows with its rows. One thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "forensics/analysis/flow.h"
#include "packet/keyed_hash.h"
#include "pcapng/result.h"

namespace forensics {

class FlowOwners {
  public:
    // A capture on another machine or interface may have a packet this much earlier or later.
    static constexpr uint64_t kToleranceNs = 100'000'000;

    using Owner = packet::Process;

    // Reads the table at `path`, or standard input for "-". The error names the line. `progress` is
    // called for each line with the bytes read so far.
    using Progress = std::function<void(uint64_t bytes)>;
    static pcapng::Result<FlowOwners> read(const std::string& path, const Progress& progress);
    static pcapng::Result<FlowOwners> read(std::istream& table, const std::string& name,
                                           const Progress& progress);

    // Returns the processes of a packet that `flow.sides[side]` sent. They are null unless exactly
    // one row has its protocol and endpoints at that time and names a single process at the end.
    struct Found {
        const Owner* sender = nullptr;
        const Owner* receiver = nullptr;
        const Owner* either = nullptr;  // it is not known at which end
    };
    Found find(const Flow& flow, int side, uint64_t time_ns) const;

    size_t rows() const { return rows_; }

  private:
    struct Before {
        bool operator()(const Owner& one, const Owner& other) const;
    };
    struct Row {
        uint64_t first_ns = 0;
        uint64_t last_ns = 0;
        std::array<const Owner*, 2> sides{};  // in the order of the key's endpoints
        const Owner* either = nullptr;
        // Among this row and those before it: the one that ends last, and the end time of the one
        // that ends second to last.
        size_t longest = 0;
        uint64_t second_last_ns = 0;
    };
    using Rows = std::vector<Row>;  // of one protocol and its endpoints, in the order of first_ns
    struct Among {
        const Row* row = nullptr;  // the only one
        bool any = false;
    };
    static Among that_last(const Rows& rows, uint64_t begin_by_ns, uint64_t end_from_ns);
    static void sort(Rows& rows);
    std::optional<std::string> add(const std::string& line);

    std::unordered_map<std::string, Rows, packet::KeyedHash> conversations_;
    // Compared by all fields: a pid without a start identifies no process.
    std::set<Owner, Before> owners_;
    size_t rows_ = 0;
};

}  // namespace forensics
