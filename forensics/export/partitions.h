// SPDX-License-Identifier: GPL-2.0-only
//
// Partitions: which folder a row of a table belongs to, in Hive's layout
// (host=web1/date=2026-11-30/hour=08). Hostile text is escaped as Hive does it. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "forensics/analysis/table.h"
#include "forensics/export/table_rows.h"
#include "packet/keyed_hash.h"
#include "pcapng/result.h"

namespace forensics {

enum class PartitionKey : uint8_t { kHost, kDate, kHour };

// Appends a value as the name of a folder has it: percent-encodes what Hive's
// FileUtils.escapePathName does (ASCII's control characters, and "#%'*/:=?\{[]^). The text is
// cleaned as row_text.h says; an empty one is Hive's name for NULL.
void append_hive_value(std::string_view value, std::string& out);

// Returns the row's folder: `columns` are the table's, in which host and time stand.
class Partitions {
  public:
    // More are an error: each one is a file.
    static constexpr size_t kMost = 10'000;

    Partitions(TableKind table, std::span<const Column> columns, std::vector<PartitionKey> keys);

    // The columns that the files have: without those that the folders tell, as Hive wants it.
    std::span<const Column> columns() const { return columns_; }
    // By number, each without a slash at its ends.
    const std::vector<std::string>& folders() const { return folders_; }

    // Whether the host of any row so far is known, or the folders don't tell it.
    bool hosts_known() const { return !by_host_ || host_found_; }

    // Returns the number of the row's folder, and removes from it what is no column of the files.
    // `host`: if no process of the row tells it; empty: NULL.
    pcapng::Result<size_t> take(Row& row, std::string_view host);

  private:
    using Hour = std::optional<uint64_t>;  // since the epoch

    std::string folder_of(std::string_view host, Hour hour) const;
    pcapng::Result<size_t> number_of(std::string_view host, Hour hour);

    std::vector<PartitionKey> keys_;
    bool by_host_ = false;
    bool host_found_ = false;
    std::vector<size_t> hosts_;  // the columns that may tell it, the first one that does counts
    std::vector<size_t> times_;  // likewise
    std::optional<size_t> dropped_;
    std::vector<Column> columns_;
    std::vector<std::string> folders_;
    std::unordered_map<std::string, size_t, packet::KeyedHash, std::equal_to<>> numbers_;
    // Of the row before, because most rows are of its folder, too.
    std::optional<std::tuple<std::string, Hour, size_t>> last_;
};

}  // namespace forensics
