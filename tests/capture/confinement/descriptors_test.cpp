// SPDX-License-Identifier: GPL-2.0-only
#include "capture/confinement/descriptors.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <initializer_list>

#include "tests/support/skip.h"

namespace {

// Which of the descriptors 10 to 15 are open afterwards, in a child that has all of them: a bit for
// each.
int left_open(std::initializer_list<int> kept, int first) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        for (int fd = 10; fd <= 15; fd++) {
            dup2(STDIN_FILENO, fd);
        }
        capture::close_all_but(kept, first);
        int left = 0;
        for (int fd = 10; fd <= 15; fd++) {
            left |= fcntl(fd, F_GETFD) >= 0 ? 1 << (fd - 10) : 0;
        }
        _exit(left);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("every descriptor is closed but those that are kept and those below the first") {
    if (syscall(SYS_close_range, ~0U, ~0U, 0U) != 0) {
        test::skip("this kernel can't close a range of descriptors");
    }
    CHECK(left_open({11}, 3) == 0b000010);
    CHECK(left_open({14, 11}, 0) == 0b010010);
    CHECK(left_open({12, 13}, 0) == 0b001100);
    CHECK(left_open({10}, 12) == 0b000011);
    CHECK(left_open({15}, 13) == 0b100111);
    CHECK(left_open({}, 10) == 0);
}
