// SPDX-License-Identifier: GPL-2.0-only
//
// The formats of `pidcap export`, for one file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "forensics/analysis/row_text.h"
#include "forensics/analysis/table.h"
#include "forensics/export/parquet_file.h"
#include "pcapng/result.h"

namespace cmd {

enum class TableFormat : uint8_t { kParquet, kJsonLines, kCsv };

// Returns the name that --format has for it, which is also the ending of its files.
std::string_view format_name(TableFormat format);

// Writes all rows to `fd`, which stays the caller's; `name` is for the error. Parquet needs a
// file, and forensics::parquet_ready().
pcapng::Result<void> write_table(TableFormat format, forensics::CsvCells cells,
                                 std::span<const forensics::Column> columns,
                                 const forensics::NextRow& next, int fd, const std::string& name);

}  // namespace cmd
