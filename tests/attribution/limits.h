// SPDX-License-Identifier: GPL-2.0-only
//
// Limits: what docs/limitations.md admits. At the end of a limitation stands which scenarios show
// it, and how:
//     (bench: none udp-multicast, related tcp-prefork)
//     (bench: none io-uring before 6.6)             on older kernels only
//     (bench: sometimes none shared-datagrams)      depends on luck: it need not be so
//     (bench: rarely none send-calls)               likewise, for one packet in fifty at most
//     (bench: none arping with xdp)                 with this hook only
//     (bench: none raw-ip without cgroup)           with the other hooks only
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/attribution/run.h"

namespace bench {

struct Limit {
    test::Verdict verdict = test::Verdict::none;
    std::string scenario;
    bool sometimes = false;
    bool rarely = false;
    std::set<test::Hook> hooks = {test::Hook::tc, test::Hook::xdp, test::Hook::cgroup};
    unsigned before = 0;  // major * 1000 + minor of the first kernel without it; 0: every kernel
};

// Throws if the file can't be read or a tag not be understood.
std::vector<Limit> read_limits(const std::string& file);

// What the rows show and the limits don't admit, and what they admit and the rows don't show; a
// line each. `release`: the kernel's, as uname tells it.
std::vector<std::string> complaints(const std::vector<Row>& rows, const std::vector<Limit>& limits,
                                    const std::string& release, test::Hook hook);

}  // namespace bench
