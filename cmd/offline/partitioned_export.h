// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap export --partition`: a file for each partition, in Hive's layout.
#pragma once

#include <string>
#include <vector>

#include "cmd/made_file.h"
#include "cmd/offline/table_file.h"
#include "forensics/analysis/row_text.h"
#include "forensics/export/partitions.h"
#include "forensics/export/table_rows.h"
#include "forensics/packet_types.h"
#include "forensics/source/source.h"
#include "pcapng/result.h"

namespace cmd {

struct PartitionedExport {
    TableFormat format = TableFormat::kParquet;
    forensics::CsvCells cells = forensics::CsvCells::kAsTheyAre;
    forensics::TableKind table = forensics::TableKind::kPackets;
    std::vector<forensics::PartitionKey> keys;  // none: not partitioned
    std::string folder;
    FileMode mode;
};

// Returns what the names of a capture's files are made of: the time of its first packet and a hash
// of that packet. So it is the same when the capture has grown, or was compressed or renamed.
std::string capture_id(const forensics::Packet& first);

// What was written.
struct WrittenPartitions {
    size_t files = 0;
    uint64_t rows = 0;
    std::string name;  // of each file
};

// Writes the rows, which are of `source`, to a file for each partition, which takes the place of
// one of that name. After an error, files are whole or as they were.
pcapng::Result<WrittenPartitions> write_partitions(forensics::TableRows& rows,
                                                   const forensics::Source& source,
                                                   const PartitionedExport& request,
                                                   const std::string& capture);

}  // namespace cmd
