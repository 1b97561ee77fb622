// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/line_groups.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>

#include "tests/support/temporary_folder.h"

namespace {

// What is printed of two groups whose lines came in turn, if so many bytes may stay in memory.
std::string printed(size_t limit) {
    const test::TemporaryFolder folder;
    forensics::LineGroups groups(limit);
    for (int line = 0; line < 100; line++) {
        REQUIRE(groups.add(line % 3 == 0 ? 0 : 4, std::to_string(line) + "\n"));
    }
    const pcapng::Fd file(::open(folder.file("out").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    packet::TextOutput out(file.get(), "out");
    for (const size_t group : std::initializer_list<size_t>{4, 2, 0, 9}) {
        REQUIRE(groups.print(group, "  ", out));
    }
    REQUIRE(out.finish());
    return test::content_of(folder.file("out"));
}

}  // namespace

TEST_CASE("lines come out by group, in their order, whether or not they fit into memory") {
    std::string expected;
    for (int line = 0; line < 100; line++) {
        expected += line % 3 != 0 ? "  " + std::to_string(line) + "\n" : "";
    }
    for (int line = 0; line < 100; line += 3) {
        expected += "  " + std::to_string(line) + "\n";
    }
    for (const size_t limit : std::initializer_list<size_t>{1, 3, 50, 100000}) {
        CAPTURE(limit);
        CHECK(printed(limit) == expected);
    }
}
