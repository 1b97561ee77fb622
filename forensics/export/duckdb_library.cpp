// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/export/duckdb_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

namespace forensics::duckdb {

using pcapng::Error;
using pcapng::Result;

namespace {

Result<Library> load_library() {
    static constexpr const char* kHint =
        "install DuckDB's library (libduckdb.so) where ld.so finds it, or name its folder in "
        "LD_LIBRARY_PATH; or export with --format jsonl, which DuckDB, ClickHouse and Spark read, "
        "too";
    void* handle = dlopen("libduckdb.so", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        return Error{fmt::format("Parquet needs DuckDB: {}; {}", dlerror(), kHint)};
    }
    Library library;
#define PIDCAP_DUCKDB_LOAD(name, result, arguments)                                              \
    library.name = reinterpret_cast<decltype(library.name)>(dlsym(handle, "duckdb_" #name));     \
    if (library.name == nullptr) {                                                               \
        return Error{                                                                            \
            fmt::format("libduckdb.so has no duckdb_{}; it needs version 1.0 or later", #name)}; \
    }
    PIDCAP_DUCKDB_FUNCTIONS(PIDCAP_DUCKDB_LOAD)
#undef PIDCAP_DUCKDB_LOAD
    return library;
}

}  // namespace

const Result<Library>& loaded_library() {
    static const Result<Library> kLibrary = load_library();
    return kLibrary;
}

Result<Database> Database::open() {
    if (!loaded_library()) {
        return loaded_library().error();
    }
    const Library& library = *loaded_library();
    // One thread keeps the rows in order and the memory small.
    static constexpr std::array<std::pair<const char*, const char*>, 4> kSettings{{
        {"threads", "1"},
        {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"},
        {"allow_community_extensions", "false"},
    }};
    Handle config = nullptr;
    bool is_set = library.create_config(&config) == kSuccess;
    for (const auto& [name, value] : kSettings) {
        is_set = is_set && library.set_config(config, name, value) == kSuccess;
    }
    Database database(library);
    char* error = nullptr;
    const bool opened =
        is_set && library.open_ext(nullptr, &database.database_, config, &error) == kSuccess &&
        library.connect(database.database_, &database.connection_) == kSuccess;
    const std::string why = error != nullptr ? error : "it refuses its settings";
    library.free(error);
    library.destroy_config(&config);
    if (!opened) {
        return Error{fmt::format("start DuckDB: {}", why)};
    }
    return Result<Database>(std::move(database));
}

Database::Database(Database&& from) noexcept
    : library_(from.library_),
      database_(std::exchange(from.database_, nullptr)),
      connection_(std::exchange(from.connection_, nullptr)) {}

Database::~Database() {
    if (connection_ != nullptr) {
        library_.disconnect(&connection_);
    }
    if (database_ != nullptr) {
        library_.close(&database_);
    }
}

Result<void> Database::run(const char* sql) {
    QueryResult result{};
    const bool done = library_.query(connection_, sql, &result) == kSuccess;
    const char* error = done ? nullptr : library_.result_error(&result);
    const std::string why = error != nullptr ? error : "no reason given";
    library_.destroy_result(&result);
    if (!done) {
        return Error{fmt::format("DuckDB: {}", why)};
    }
    return {};
}

}  // namespace forensics::duckdb
