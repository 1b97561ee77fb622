// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/export/partitions.h"

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "forensics/analysis/event_table.h"
#include "forensics/export/row_spool.h"

namespace {

using forensics::PartitionKey;
using forensics::Partitions;
using forensics::Row;
using forensics::RowSpool;
using forensics::TableKind;

constexpr uint64_t kHourNs = 3'600'000'000'000;

// A row of the table events with a time and a host only.
Row event(forensics::Value time, forensics::Value host) {
    static const auto kColumns = forensics::event_columns();
    Row row(kColumns.size());
    for (size_t i = 0; i < kColumns.size(); ++i) {
        if (kColumns[i].name == "time") {
            row[i] = time;
        } else if (kColumns[i].name == "host") {
            row[i] = host;
        }
    }
    return row;
}

std::string hive(std::string_view value) {
    std::string text;
    forensics::append_hive_value(value, text);
    return text;
}

}  // namespace

TEST_CASE("a folder's name escapes what Hive's FileUtils escapes, and nothing else") {
    // From FileUtils.charToEscape of Hive 4.0.
    CHECK(hive("\x01\x1f\"#%'*/:=?\\\x7f{[]^") ==
          "%01%1F%22%23%25%27%2A%2F%3A%3D%3F%5C%7F%7B%5B%5D%5E");
    CHECK(hive("web-1.example_A ~}<>|&;$`!()+,@") == "web-1.example_A ~}<>|&;$`!()+,@");
    CHECK(hive("h\xc3\xb6he") == "h\xc3\xb6he");
    CHECK(hive("\xff") == "\xef\xbf\xbd");
    CHECK(hive("") == "__HIVE_DEFAULT_PARTITION__");
}

TEST_CASE("rows without a time or a host have Hive's name for NULL") {
    Partitions partitions(TableKind::kEvents, forensics::event_columns(),
                          {PartitionKey::kHour, PartitionKey::kHost, PartitionKey::kDate});
    Row row = event({}, {});
    CHECK(*partitions.take(row, {}) == 0);
    CHECK_FALSE(partitions.hosts_known());
    row = event(forensics::Time{25 * kHourNs}, std::string_view("a"));
    CHECK(*partitions.take(row, {}) == 1);
    CHECK(partitions.hosts_known());
    row = event(forensics::Time{26 * kHourNs - 1}, std::string("a"));
    CHECK(*partitions.take(row, {}) == 1);
    CHECK(row.size() == partitions.columns().size());
    row = event({}, {});
    CHECK(*partitions.take(row, {}) == 0);
    const std::string null = "__HIVE_DEFAULT_PARTITION__";
    CHECK(partitions.folders() ==
          std::vector<std::string>{"hour=" + null + "/host=" + null + "/date=" + null,
                                   "hour=01/host=a/date=1970-01-02"});
}

TEST_CASE("the row's own host goes before the one that is given") {
    Partitions partitions(TableKind::kEvents, forensics::event_columns(), {PartitionKey::kHost});
    Row row = event({}, std::string_view("own"));
    CHECK(partitions.take(row, "given"));
    row = event({}, {});
    CHECK(partitions.take(row, "given"));
    CHECK(partitions.folders() == std::vector<std::string>{"host=own", "host=given"});
}

TEST_CASE("more partitions than the limit are an error, not as many files") {
    Partitions partitions(TableKind::kEvents, forensics::event_columns(), {PartitionKey::kDate});
    Row row;
    for (uint64_t day = 0; day < Partitions::kMost; ++day) {
        row = event(forensics::Time{day * 24 * kHourNs}, {});
        REQUIRE(partitions.take(row, {}));
    }
    row = event(forensics::Time{Partitions::kMost * 24 * kHourNs}, {});
    CHECK_FALSE(partitions.take(row, {}));
    row = event(forensics::Time{0}, {});
    CHECK(*partitions.take(row, {}) == 0);
}

TEST_CASE("rows come back as they were, by partition, whether or not they fit into memory") {
    const auto row_of = [](uint64_t number) {
        return Row{{},
                   number,
                   std::string(number * 997 % 100'000, 't'),
                   forensics::Time{number},
                   0.5 * static_cast<double>(number),
                   number % 2 == 0,
                   forensics::List{"[" + std::to_string(number) + "]"}};
    };
    for (const size_t limit : std::initializer_list<size_t>{1, 100'000, size_t{8} << 20}) {
        CAPTURE(limit);
        RowSpool spool(limit);
        for (uint64_t number = 0; number < 60; ++number) {
            REQUIRE(spool.add(number % 3 * 2, row_of(number)));
        }
        for (const size_t partition : std::initializer_list<size_t>{4, 0, 1, 2, 9}) {
            RowSpool::Reader rows(spool, partition);
            Row row;
            for (uint64_t number = partition / 2;
                 partition % 2 == 0 && partition < 6 && number < 60; number += 3) {
                REQUIRE(rows.next(row));
                // A text may come back as a view.
                row[2] = std::string(std::get<std::string_view>(row[2]));
                CHECK(row == row_of(number));
            }
            CHECK_FALSE(rows.next(row));
            CHECK(rows.state());
        }
    }
}
