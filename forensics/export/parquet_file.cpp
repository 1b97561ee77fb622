// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/export/parquet_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cassert>
#include <limits>
#include <vector>

#include "forensics/analysis/row_text.h"
#include "forensics/export/duckdb_library.h"

namespace forensics {
namespace {

using duckdb::Handle;
using duckdb::Index;
using duckdb::Library;
using pcapng::Result;

int type_of(ColumnType type) {
    switch (type) {
        case ColumnType::kUnsigned:
            return duckdb::kUnsigned64;
        case ColumnType::kText:
        case ColumnType::kList:
        case ColumnType::kObject:
            return duckdb::kText;
        case ColumnType::kTime:
            return duckdb::kTimeNs;
        case ColumnType::kSeconds:
            return duckdb::kDouble;
        case ColumnType::kBoolean:
            return duckdb::kBoolean;
    }
    return duckdb::kText;
}

// A column of a batch.
struct Target {
    Handle vector;
    void* data;
    uint64_t* validity;
};

// The argument of DuckDB's callbacks.
struct Rows {
    std::span<const Column> columns;
    const NextRow& next;
    Row row = {};
    std::string text = {};
    bool ended = false;
};

// Stores a value in row `at` of a column.
struct Store {
    const Library& library;
    const Target& target;
    Index at;
    std::string& clean;

    void operator()(std::monostate) const { library.validity_set_row_invalid(target.validity, at); }
    void operator()(std::string_view text) const {
        clean.clear();
        append_text(text, clean);
        library.vector_assign_string_element_len(target.vector, at, clean.data(), clean.size());
    }
    void operator()(const std::string& text) const { (*this)(std::string_view(text)); }
    void operator()(const List& list) const { (*this)(std::string_view(list.json)); }
    void operator()(Time time) const {
        // DuckDB's times are signed, and the greatest value means infinity.
        if (time.ns >= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
            (*this)(std::monostate());
            return;
        }
        static_cast<int64_t*>(target.data)[at] = static_cast<int64_t>(time.ns);
    }
    template <typename Plain>
    void operator()(Plain value) const {
        static_cast<Plain*>(target.data)[at] = value;
    }
};

void bind(Handle info) {
    const Library& library = *duckdb::loaded_library();
    const Rows& rows = *static_cast<const Rows*>(library.bind_get_extra_info(info));
    for (const Column& column : rows.columns) {
        Handle type = library.create_logical_type(type_of(column.type));
        library.bind_add_result_column(info, std::string(column.name).c_str(), type);
        library.destroy_logical_type(&type);
    }
}

void init(Handle info) {
    duckdb::loaded_library()->init_set_max_threads(info, 1);
}

void fill(Handle info, Handle chunk) {
    const Library& library = *duckdb::loaded_library();
    Rows& rows = *static_cast<Rows*>(library.function_get_extra_info(info));
    std::vector<Target> targets;
    for (Index column = 0; column < rows.columns.size(); ++column) {
        Handle vector = library.data_chunk_get_vector(chunk, column);
        library.vector_ensure_validity_writable(vector);
        targets.push_back(
            {vector, library.vector_get_data(vector), library.vector_get_validity(vector)});
    }
    const Index limit = library.vector_size();
    Index count = 0;
    while (count < limit && !rows.ended) {
        rows.ended = !rows.next(rows.row);
        if (rows.ended) {
            break;
        }
        assert(rows.row.size() == targets.size());
        for (size_t column = 0; column < targets.size(); ++column) {
            std::visit(Store{library, targets[column], count, rows.text}, rows.row[column]);
        }
        ++count;
    }
    library.data_chunk_set_size(chunk, count);
}

}  // namespace

Result<void> parquet_ready() {
    if (!duckdb::loaded_library()) {
        return duckdb::loaded_library().error();
    }
    return {};
}

Result<void> write_parquet(int fd, const std::string& name, std::span<const Column> columns,
                           const NextRow& next) {
    auto database = duckdb::Database::open();
    if (!database) {
        return database.error();
    }
    const Library& library = *duckdb::loaded_library();
    Rows rows{.columns = columns, .next = next};
    Handle function = library.create_table_function();
    library.table_function_set_name(function, "pidcap_rows");
    library.table_function_set_extra_info(function, &rows, nullptr);
    library.table_function_set_bind(function, bind);
    library.table_function_set_init(function, init);
    library.table_function_set_function(function, fill);
    const bool registered =
        library.register_table_function(database->connection(), function) == duckdb::kSuccess;
    library.destroy_table_function(&function);
    if (!registered) {
        return pcapng::Error{"DuckDB refuses a table function"};
    }
    // Write through the descriptor, because the path may lead to another file by now. A temporary
    // file would be created beside it in /proc/self/fd.
    const std::string copy = fmt::format(
        "COPY (SELECT * FROM pidcap_rows()) TO '/proc/self/fd/{}' (FORMAT parquet, "
        "COMPRESSION zstd, ROW_GROUP_SIZE 40960, USE_TMP_FILE false)",
        fd);
    auto written = database->run(copy.c_str());
    if (!written) {
        (void)!ftruncate(fd, 0);  // a partial Parquet file is unreadable
        return pcapng::Error{fmt::format("write {}: {}", name, written.error().message)};
    }
    return {};
}

}  // namespace forensics
