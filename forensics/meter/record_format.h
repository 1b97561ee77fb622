// SPDX-License-Identifier: GPL-2.0-only
//
// RecordFormat: flow records as text, a JSON object a line (RFC 8259). docs/flows.md has what is in
// it. Stateless but for what it was made with.
#pragma once

#include <memory>
#include <string>

#include "forensics/meter/flow_record.h"

namespace forensics {

class RecordFormat {
  public:
    virtual ~RecordFormat() = default;
    // Append a line.
    virtual void append(const FlowRecord& record, std::string& out) const = 0;
    virtual void append(const LostRecords& lost, std::string& out) const = 0;
};

// Every column of record_columns().
std::unique_ptr<RecordFormat> own_names();
// The fields of the Elastic Common Schema. `host`: where the packets were captured, unless a
// process tells another one; empty: not known.
std::unique_ptr<RecordFormat> ecs_names(std::string host);

}  // namespace forensics
