// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/table_file.h"

#include "packet/line/text_output.h"

namespace cmd {

using pcapng::Result;

Result<void> write_table(TableFormat format, forensics::CsvCells cells,
                         std::span<const forensics::Column> columns, const forensics::NextRow& next,
                         int fd, const std::string& name) {
    if (format == TableFormat::kParquet) {
        return forensics::write_parquet(fd, name, columns, next);
    }
    packet::TextOutput out(fd, name);
    if (format == TableFormat::kCsv) {
        forensics::append_csv_header(columns, out.text());
    }
    forensics::Row row;
    while (next(row)) {
        if (format == TableFormat::kCsv) {
            forensics::append_csv(row, cells, out.text());
        } else {
            forensics::append_json(columns, row, out.text());
        }
        if (!out.written()) {
            break;
        }
    }
    return out.finish();
}

}  // namespace cmd
