// SPDX-License-Identifier: GPL-2.0-only
//
// Rows into a Parquet file, by DuckDB's writer. Rows reach it as values of typed columns, one batch
// after the other: nothing of them is ever a part of a statement, and memory doesn't grow with
// them. One thread.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "forensics/analysis/table.h"
#include "pcapng/result.h"

namespace forensics {

// Fills in the next row; false: there is none. Its views are valid until the next call.
using NextRow = std::function<bool(Row& row)>;

// Whether DuckDB's library is there; the error says what to install.
pcapng::Result<void> parquet_ready();

// Writes to `fd`, from its file's start; a regular file is left empty if that fails. `name` is for
// the error. Text is cleaned as forensics/analysis/row_text.h says.
pcapng::Result<void> write_parquet(int fd, const std::string& name, std::span<const Column> columns,
                                   const NextRow& next);

}  // namespace forensics
