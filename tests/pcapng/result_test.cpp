// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/result.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>
#include <utility>

using pcapng::errno_error;
using pcapng::Error;
using pcapng::Result;

TEST_CASE("a result holds either its value or its error") {
    Result<int> good = 7;
    REQUIRE(good.ok());
    CHECK(*good == 7);

    Result<int> bad = Error{"open x: no", ENOENT};
    REQUIRE_FALSE(bad.ok());
    CHECK(bad.error().message == "open x: no");
    CHECK(bad.error().code == ENOENT);
}

TEST_CASE("a move-only value can be taken out of a result") {
    Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
    std::unique_ptr<int> taken = *std::move(result);
    CHECK(*taken == 3);
}

TEST_CASE("a result without a value is ok until it is given an error") {
    CHECK(Result<void>{}.ok());
    Result<void> bad = Error{"write out.pcapng: no space left on device", ENOSPC};
    REQUIRE_FALSE(bad.ok());
    CHECK(bad.error().code == ENOSPC);
}

TEST_CASE("a copy of a result has the error, and the original keeps it") {
    Result<void> bad = Error{"write out.pcapng: no space left on device", ENOSPC};
    Result<void> copy;
    copy = bad;
    CHECK(Error(std::move(copy).error()).code == ENOSPC);
    CHECK(bad.error().message == "write out.pcapng: no space left on device");

    const Result<int> number = Error{"open x: no", ENOENT};
    CHECK(Result<int>(number).error().message == number.error().message);
}

TEST_CASE("an errno error names the object and says what the code means") {
    CHECK(errno_error("open /sys/fs/cgroup", EACCES).message ==
          "open /sys/fs/cgroup: Permission denied");
}
