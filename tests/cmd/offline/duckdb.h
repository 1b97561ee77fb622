// SPDX-License-Identifier: GPL-2.0-only
//
// DuckDB itself as the reader of what we export: its library, which `fetch_duckdb` gets, by the few
// functions of its C API that a query needs.
#pragma once

#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace test {

class DuckDb {
  public:
    DuckDb() {
        if (handle_ == nullptr) {
            FAIL(dlerror());
        }
        REQUIRE(function<int(const char*, void**)>("duckdb_open")(nullptr, &database_) == 0);
        REQUIRE(function<int(void*, void**)>("duckdb_connect")(database_, &connection_) == 0);
    }
    DuckDb(const DuckDb&) = delete;
    DuckDb& operator=(const DuckDb&) = delete;
    ~DuckDb() {
        function<void(void**)>("duckdb_disconnect")(&connection_);
        function<void(void**)>("duckdb_close")(&database_);
    }

    // Rows of values as text; NULL is empty.
    std::vector<std::vector<std::string>> query(const std::string& sql) {
        Result result{};
        INFO(sql);
        if (function<int(void*, const char*, Result*)>("duckdb_query")(connection_, sql.c_str(),
                                                                       &result) != 0) {
            FAIL(function<const char*(Result*)>("duckdb_result_error")(&result));
        }
        const auto columns = function<uint64_t(Result*)>("duckdb_column_count")(&result);
        const auto rows = function<uint64_t(Result*)>("duckdb_row_count")(&result);
        const auto value = function<char*(Result*, uint64_t, uint64_t)>("duckdb_value_varchar");
        const auto release = function<void(void*)>("duckdb_free");
        std::vector<std::vector<std::string>> answer(rows);
        for (uint64_t row = 0; row < rows; ++row) {
            for (uint64_t column = 0; column < columns; ++column) {
                char* text = value(&result, column, row);
                answer[row].emplace_back(text != nullptr ? text : "");
                release(text);
            }
        }
        function<void(Result*)>("duckdb_destroy_result")(&result);
        return answer;
    }

  private:
    struct Result {
        uint64_t counts[3];
        void* pointers[3];
    };

    template <typename Signature>
    Signature* function(const char* name) const {
        return reinterpret_cast<Signature*>(dlsym(handle_, name));
    }

    void* handle_ = dlopen("libduckdb.so", RTLD_NOW | RTLD_LOCAL);
    void* database_ = nullptr;
    void* connection_ = nullptr;
};

}  // namespace test
