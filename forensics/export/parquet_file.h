// SPDX-License-Identifier: GPL-2.0-only
//
// Writes rows to a Parquet file with DuckDB. DuckDB gets them as values of typed columns, in
// batches, so they are never part of an SQL statement, and memory doesn't grow with their number.
// One thread.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "forensics/analysis/table.h"
#include "pcapng/result.h"

namespace forensics {

// Fills in the next row, or returns false if there is none. Its views are valid until the next
// call.
using NextRow = std::function<bool(Row& row)>;

// Returns an error that says what to install, if DuckDB's library can't be loaded.
pcapng::Result<void> parquet_ready();

// Writes to `fd`, from its file's start; a regular file is left empty if that fails. `name` is for
// the error. Text is cleaned as forensics/analysis/row_text.h says.
pcapng::Result<void> write_parquet(int fd, const std::string& name, std::span<const Column> columns,
                                   const NextRow& next);

}  // namespace forensics
