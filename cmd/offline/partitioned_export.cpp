// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/partitioned_export.h"

#include <fmt/format.h>

#include <utility>

#include "cmd/offline/partition_folder.h"
#include "forensics/export/row_spool.h"
#include "packet/keyed_hash.h"

namespace cmd {

using forensics::Partitions;
using forensics::Row;
using forensics::RowSpool;
using pcapng::Result;

std::string capture_id(const forensics::Packet& first) {
    XXH3_state_t state;
    XXH3_64bits_reset(&state);  // without a seed: the same in every run
    const std::string interface =
        first.interface != nullptr ? first.interface->name : std::string();
    XXH3_64bits_update(&state, &first.wire_length, sizeof first.wire_length);
    XXH3_64bits_update(&state, first.data.data(), first.data.size());
    XXH3_64bits_update(&state, interface.data(), interface.size());
    return fmt::format("{}-{:016x}", first.time_ns.value_or(0), XXH3_64bits_digest(&state));
}

Result<WrittenPartitions> write_partitions(forensics::TableRows& rows,
                                           const forensics::Source& source,
                                           const PartitionedExport& request,
                                           const std::string& capture) {
    auto folder = PartitionFolder::open(request.folder, request.mode);
    if (!folder) {
        return std::move(folder).error();
    }
    Partitions partitions(request.table, rows.columns(), request.keys);
    RowSpool spool;
    WrittenPartitions written;
    Row row;
    while (rows.next(row)) {
        const auto number = partitions.take(row, source.host());
        if (!number) {
            return number.error();
        }
        if (auto kept = spool.add(*number, row); !kept) {
            return std::move(kept).error();
        }
        ++written.rows;
    }
    if (written.rows > 0 && !partitions.hosts_known()) {
        return pcapng::Error{
            "--partition host: the file doesn't say of which host it is; --host NAME is required"};
    }
    written.name = fmt::format("{}-{}.{}", word_of(kTableKinds, request.table), capture,
                               word_of(kTableFormats, request.format));
    for (const std::string& partition : partitions.folders()) {
        auto file = folder->create(partition, written.name);
        if (!file) {
            return std::move(file).error();
        }
        RowSpool::Reader reader(spool, written.files);
        const Result<void> table = write_table(
            request.format, request.cells, partitions.columns(),
            [&reader](Row& to) { return reader.next(to); }, file->fd(), file->path());
        for (const Result<void>& done : {table, reader.state()}) {
            if (!done) {
                return done.error();
            }
        }
        if (auto kept = file->keep(); !kept) {
            return std::move(kept).error();
        }
        ++written.files;
    }
    return written;
}

}  // namespace cmd
