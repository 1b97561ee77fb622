// SPDX-License-Identifier: GPL-2.0-only
//
// DuckDB's library by its C API, loaded at run time: Debian has no package of it, and only Parquet
// needs it. The declarations are those of duckdb.h (1.0 and later), as far as they are used; every
// handle is an opaque pointer there. The library stays loaded until the program ends.
#pragma once

#include <cstdint>

#include "pcapng/result.h"

namespace forensics::duckdb {

using Handle = void*;
using Index = uint64_t;  // idx_t
using Destroy = void (*)(void*);

inline constexpr int kSuccess = 0;  // duckdb_state

// duckdb_type
inline constexpr int kBoolean = 1;
inline constexpr int kUnsigned64 = 9;
inline constexpr int kDouble = 11;
inline constexpr int kText = 17;
inline constexpr int kTimeNs = 22;

// duckdb_result
struct QueryResult {
    Index column_count;
    Index row_count;
    Index rows_changed;
    void* columns;
    char* error_message;
    void* internal;
};

// X(name, return type, arguments)
#define PIDCAP_DUCKDB_FUNCTIONS(X)                                                         \
    X(create_config, int, (Handle * config))                                               \
    X(set_config, int, (Handle config, const char* name, const char* value))               \
    X(destroy_config, void, (Handle * config))                                             \
    X(open_ext, int, (const char* path, Handle* database, Handle config, char** error))    \
    X(close, void, (Handle * database))                                                    \
    X(connect, int, (Handle database, Handle * connection))                                \
    X(disconnect, void, (Handle * connection))                                             \
    X(query, int, (Handle connection, const char* sql, QueryResult* result))               \
    X(destroy_result, void, (QueryResult * result))                                        \
    X(result_error, const char*, (QueryResult * result))                                   \
    X(free, void, (void* memory))                                                          \
    X(create_logical_type, Handle, (int type))                                             \
    X(destroy_logical_type, void, (Handle * type))                                         \
    X(create_table_function, Handle, ())                                                   \
    X(destroy_table_function, void, (Handle * function))                                   \
    X(table_function_set_name, void, (Handle function, const char* name))                  \
    X(table_function_set_extra_info, void, (Handle function, void* info, Destroy destroy)) \
    X(table_function_set_bind, void, (Handle function, void (*bind)(Handle info)))         \
    X(table_function_set_init, void, (Handle function, void (*init)(Handle info)))         \
    X(table_function_set_function, void,                                                   \
      (Handle function, void (*fill)(Handle info, Handle chunk)))                          \
    X(register_table_function, int, (Handle connection, Handle function))                  \
    X(bind_get_extra_info, void*, (Handle info))                                           \
    X(bind_add_result_column, void, (Handle info, const char* name, Handle type))          \
    X(init_set_max_threads, void, (Handle info, Index threads))                            \
    X(function_get_extra_info, void*, (Handle info))                                       \
    X(vector_size, Index, ())                                                              \
    X(data_chunk_get_vector, Handle, (Handle chunk, Index column))                         \
    X(data_chunk_set_size, void, (Handle chunk, Index rows))                               \
    X(vector_get_data, void*, (Handle vector))                                             \
    X(vector_ensure_validity_writable, void, (Handle vector))                              \
    X(vector_get_validity, uint64_t*, (Handle vector))                                     \
    X(validity_set_row_invalid, void, (uint64_t * validity, Index row))                    \
    X(vector_assign_string_element_len, void,                                              \
      (Handle vector, Index row, const char* text, Index length))

struct Library {
#define PIDCAP_DUCKDB_MEMBER(name, result, arguments) result(*name) arguments = nullptr;
    PIDCAP_DUCKDB_FUNCTIONS(PIDCAP_DUCKDB_MEMBER)
#undef PIDCAP_DUCKDB_MEMBER
};

// Loaded by the first call; callbacks reach it here. The error says what to install.
const pcapng::Result<Library>& loaded_library();

// A database in memory and a connection to it. Uses no more than one thread, fetches nothing from
// elsewhere.
class Database {
  public:
    static pcapng::Result<Database> open();
    Database(Database&& from) noexcept;
    Database& operator=(Database&&) = delete;
    ~Database();

    Handle connection() const { return connection_; }
    // Runs statements of ours: nothing that comes from a file may be in them.
    pcapng::Result<void> run(const char* sql);

  private:
    explicit Database(const Library& library) : library_(library) {}

    const Library& library_;
    Handle database_ = nullptr;
    Handle connection_ = nullptr;
};

}  // namespace forensics::duckdb
