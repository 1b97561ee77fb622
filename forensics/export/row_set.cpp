// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/export/row_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "forensics/analysis/row_text.h"
#include "packet/line/terminal_text.h"

namespace forensics {
namespace {

bool is_known(const Value& value) {
    return !std::holds_alternative<std::monostate>(value);
}

// Both values are of one column and so of one type, but text may be a string or a view.
bool is_less(const Value& a, const Value& b) {
    return std::visit(
        [](const auto& left, const auto& right) {
            using Left = std::decay_t<decltype(left)>;
            using Right = std::decay_t<decltype(right)>;
            if constexpr (std::is_convertible_v<Left, std::string_view> &&
                          std::is_convertible_v<Right, std::string_view>) {
                return std::string_view(left) < std::string_view(right);
            } else if constexpr (std::is_same_v<Left, Right>) {
                return left < right;
            } else {
                return false;
            }
        },
        a, b);
}

}  // namespace

pcapng::Result<Order> parse_order(std::string_view option, std::string_view text,
                                  std::span<const Column> columns) {
    const size_t comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    const std::string_view way = comma == text.npos ? "asc" : text.substr(comma + 1);
    if (way != "asc" && way != "desc") {
        return pcapng::Error{fmt::format("{} {}: the word after the comma must be asc or desc",
                                         option, packet::printable(text))};
    }
    std::string names;
    for (size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].name == name) {
            return Order{.column = i, .descending = way == "desc"};
        }
        names += (i == 0 ? "" : ", ") + std::string(columns[i].name);
    }
    return pcapng::Error{
        fmt::format("{} {}: not a column; these are: {}", option, packet::printable(text), names)};
}

std::vector<size_t> sorted(const RowSet& rows, const Order& order) {
    std::vector<Value> keys(rows.count);
    Row row;
    for (size_t i = 0; i < rows.count; ++i) {
        rows.make(i, row);
        keys[i] = std::move(row[order.column]);
    }
    std::vector<size_t> indexes(rows.count);
    std::iota(indexes.begin(), indexes.end(), size_t{0});
    std::stable_sort(indexes.begin(), indexes.end(), [&](size_t a, size_t b) {
        if (!is_known(keys[a]) || !is_known(keys[b])) {
            return is_known(keys[a]) && !is_known(keys[b]);
        }
        return order.descending ? is_less(keys[b], keys[a]) : is_less(keys[a], keys[b]);
    });
    return indexes;
}

void print_csv(const RowSet& rows, const std::vector<size_t>& order, CsvCells cells,
               packet::TextOutput& out) {
    append_csv_header(rows.columns, out.text());
    Row row;
    for (const size_t index : order) {
        rows.make(index, row);
        append_csv(row, cells, out.text());
        if (!out.written()) {
            return;
        }
    }
}

void print_json(const RowSet& rows, const std::vector<size_t>& order, packet::TextOutput& out) {
    Row row;
    for (const size_t index : order) {
        rows.make(index, row);
        append_json(rows.columns, row, out.text());
        if (!out.written()) {
            return;
        }
    }
}

}  // namespace forensics
