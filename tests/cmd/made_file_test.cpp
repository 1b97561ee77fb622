// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/made_file.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

#include "tests/support/temporary_folder.h"

namespace {

constexpr uid_t kOther = 54322;

// The errno of opening it, in a working folder that this process, whoever it is, can't enter.
int code_in_closed_folder(const std::string& path) {
    const test::TemporaryFolder folder;
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const bool ready = chdir(folder.path().c_str()) == 0 && chmod(".", 0) == 0 &&
                           (geteuid() != 0 || seteuid(kOther) == 0);
        _exit(ready ? cmd::open_to_write(path, 0, true, {}).code : 255);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("what is wrong with a path is told, whatever the working folder") {
    CHECK(code_in_closed_folder("a") == EACCES);
    CHECK(code_in_closed_folder("a/b") == EACCES);
    CHECK(code_in_closed_folder("/dev/null") == 0);
    CHECK(code_in_closed_folder("/proc/self/no-such/a") == ENOENT);
}
