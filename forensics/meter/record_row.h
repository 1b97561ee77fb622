// SPDX-License-Identifier: GPL-2.0-only
//
// Flow records as rows of a table: docs/flows.md lists the columns. Columns are added at the end,
// never renamed. Pure.
#pragma once

#include <span>

#include "forensics/meter/flow_record.h"
#include "forensics/packet_types.h"

namespace forensics {

// Those of the table of flows, with what a record has besides before and behind them.
std::span<const Column> record_columns();
// Views in the row are those of the record.
void record_row(const FlowRecord& record, Row& row);
// The row that stands for records that could not be handed on: its reason is "lost".
void lost_row(const LostRecords& lost, Row& row);

}  // namespace forensics
