// SPDX-License-Identifier: GPL-2.0-only
//
// Who a ping is that a test has started, also if it has ended since and isn't reaped yet.
#pragma once

#include <unistd.h>

#include <filesystem>

#include "tests/support/actor.h"

namespace test {

inline Who who_is_ping(pid_t pid) {
    Who who = who_is(pid);
    while (who.comm != "ping") {  // execve may still be under way
        usleep(1000);
        who = who_is(pid);
    }
    who.exe = std::filesystem::canonical("/bin/ping");  // /proc tells it of the living only
    return who;
}

}  // namespace test
