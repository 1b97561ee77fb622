// SPDX-License-Identifier: GPL-2.0-only
#include "tests/kernel/pair.h"

namespace test {

Pair::Pair() {
    connect_by_veth({near, "veth0", "10.77.0.1/24", "fd77::1/64"},
                    {far, "veth0", "10.77.0.2/24", "fd77::2/64"});
}

std::vector<Path> Pair::paths() const {
    return {
        {"lo4", near, near, "127.0.0.1", "127.0.0.1", true},
        {"lo6", near, near, "::1", "::1", true},
        {"veth4", near, far, "10.77.0.1", "10.77.0.2", false},
        {"veth6", near, far, "fd77::1", "fd77::2", false},
    };
}

}  // namespace test
