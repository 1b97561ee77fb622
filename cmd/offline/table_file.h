// SPDX-License-Identifier: GPL-2.0-only
//
// The formats of `pidcap export`, for one file.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "forensics/analysis/row_text.h"
#include "forensics/analysis/table.h"
#include "forensics/export/parquet_file.h"
#include "forensics/export/table_rows.h"
#include "pcapng/result.h"

namespace cmd {

enum class TableFormat : uint8_t { kParquet, kJsonLines, kCsv };

// What --format and --table may say. A format's word is also the ending of its files.
inline constexpr std::array<std::pair<std::string_view, TableFormat>, 3> kTableFormats{{
    {"parquet", TableFormat::kParquet},
    {"jsonl", TableFormat::kJsonLines},
    {"csv", TableFormat::kCsv},
}};
inline constexpr std::array<std::pair<std::string_view, forensics::TableKind>, 4> kTableKinds{{
    {"packets", forensics::TableKind::kPackets},
    {"flows", forensics::TableKind::kFlows},
    {"processes", forensics::TableKind::kProcesses},
    {"events", forensics::TableKind::kEvents},
}};

// Returns the word of a meaning, which has to be among `words`.
template <typename Words, typename Meaning>
std::string_view word_of(const Words& words, Meaning meaning) {
    return std::ranges::find(words, meaning, &Words::value_type::second)->first;
}

// Writes all rows to `fd`, which stays the caller's; `name` is for the error. Parquet needs a
// file, and forensics::parquet_ready().
pcapng::Result<void> write_table(TableFormat format, forensics::CsvCells cells,
                                 std::span<const forensics::Column> columns,
                                 const forensics::NextRow& next, int fd, const std::string& name);

}  // namespace cmd
