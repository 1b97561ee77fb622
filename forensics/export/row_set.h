// SPDX-License-Identifier: GPL-2.0-only
//
// A table's rows in an order, as CSV and JSON. Rows are made one at a time, because all of them
// at once would be large. Pure but for what it prints.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "forensics/analysis/row_text.h"
#include "forensics/analysis/table.h"
#include "packet/line/text_output.h"
#include "pcapng/result.h"

namespace forensics {

struct RowSet {
    std::span<const Column> columns;
    size_t count = 0;
    std::function<void(size_t index, Row& row)> make;
};

struct Order {
    size_t column = 0;
    bool descending = false;
};

// Parses "COLUMN", "COLUMN,asc" or "COLUMN,desc". The error names `option` and lists the columns.
pcapng::Result<Order> parse_order(std::string_view option, std::string_view text,
                                  std::span<const Column> columns);

// Returns the rows' indexes in order. Unknown values come last; equal ones keep their order.
std::vector<size_t> sorted(const RowSet& rows, const Order& order);

void print_csv(const RowSet& rows, const std::vector<size_t>& order, CsvCells cells,
               packet::TextOutput& out);
void print_json(const RowSet& rows, const std::vector<size_t>& order, packet::TextOutput& out);

}  // namespace forensics
