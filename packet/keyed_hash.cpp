// SPDX-License-Identifier: GPL-2.0-only
#include "packet/keyed_hash.h"

#include <unistd.h>

#include <cstdlib>

namespace packet {

uint64_t random_seed() {
    uint64_t seed = 0;
    if (getentropy(&seed, sizeof(seed)) != 0) {
        std::abort();  // only a kernel before 3.17 has none
    }
    return seed;
}

}  // namespace packet
