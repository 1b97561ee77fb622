// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/meter/record_format.h"

#include "forensics/analysis/row_text.h"
#include "forensics/meter/record_row.h"

namespace forensics {
namespace {

class OwnNames : public RecordFormat {
  public:
    void append(const FlowRecord& record, std::string& out) const override {
        Row row;
        record_row(record, row);
        append_json(record_columns(), row, out);
    }
    void append(const LostRecords& lost, std::string& out) const override {
        Row row;
        lost_row(lost, row);
        append_json(record_columns(), row, out);
    }
};

}  // namespace

std::unique_ptr<RecordFormat> own_names() {
    return std::make_unique<OwnNames>();
}

}  // namespace forensics
