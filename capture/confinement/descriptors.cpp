// SPDX-License-Identifier: GPL-2.0-only
#include "capture/confinement/descriptors.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

namespace capture {

void close_all_but(const std::vector<int>& kept, int first) {
    auto next = static_cast<unsigned>(first);
    while (true) {
        unsigned end = UINT_MAX;  // the next one that is kept
        for (const int fd : kept) {
            const auto one = static_cast<unsigned>(fd);
            end = one >= next ? std::min(end, one) : end;
        }
        // __NR_, not SYS_: the kernel's headers have it, older C libraries don't.
        if (end == UINT_MAX) {
            syscall(__NR_close_range, next, UINT_MAX, 0U);
            return;
        }
        if (end > next) {
            syscall(__NR_close_range, next, end - 1, 0U);
        }
        next = end + 1;
    }
}

}  // namespace capture
