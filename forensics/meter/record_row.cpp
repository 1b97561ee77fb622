// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/meter/record_row.h"

#include <array>
#include <utility>
#include <vector>

#include "forensics/analysis/row_writer.h"
#include "forensics/analysis/table.h"

namespace forensics {
namespace {

using enum ColumnType;

constexpr auto kFirstColumns = std::to_array<Column>({
    {"sequence", kUnsigned, "of all records, from 0; null: this one tells of lost ones"},
    {"part", kUnsigned, "how many records of this conversation came before"},
    {"reason", kText, "active: it goes on; idle, end, limit, stop: its last one; or lost"},
    {"begin_time", kTime, "the conversation's first packet"},
});

constexpr auto kLastColumns = std::to_array<Column>({
    {"lost_records", kUnsigned, "of lost: how many records before this one were lost"},
    {"lost_packets", kUnsigned, "the packets that they told of"},
    {"lost_bytes", kUnsigned, "the bytes of them"},
});

}  // namespace

std::span<const Column> record_columns() {
    static const std::vector<Column> kColumns = [] {
        std::vector<Column> columns(kFirstColumns.begin(), kFirstColumns.end());
        const std::span<const Column> flow = flow_columns();
        columns.insert(columns.end(), flow.begin(), flow.end());
        columns.insert(columns.end(), kLastColumns.begin(), kLastColumns.end());
        return columns;
    }();
    return kColumns;
}

void record_row(const FlowRecord& record, Row& row) {
    Row flow;
    flow_row(record.flow, flow);
    RowWriter out(row, record_columns().size());
    out.number(record.sequence);
    out.number(record.part);
    out.text(reason_name(record.reason));
    out.time(record.begin_ns);
    for (Value& value : flow) {
        out.value(std::move(value));
    }
    for (size_t i = 0; i < kLastColumns.size(); ++i) {
        out.none();
    }
}

void lost_row(const LostRecords& lost, Row& row) {
    RowWriter out(row, record_columns().size());
    out.none();
    out.none();
    out.text("lost");
    for (size_t i = 3; i < record_columns().size() - kLastColumns.size(); ++i) {
        out.none();
    }
    out.number(lost.records);
    out.number(lost.packets);
    out.number(lost.bytes);
}

}  // namespace forensics
