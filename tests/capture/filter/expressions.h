// SPDX-License-Identifier: GPL-2.0-only
//
// Expressions of pcap-filter(7): one for every primitive of the manual page, and as many made from
// its grammar as wanted.
#pragma once

#include <span>
#include <string>

#include "tests/capture/filter/packets.h"

namespace test {

// Those that make sense on Ethernet; other link layers lack some.
std::span<const char* const> primitives();

std::string make_expression(Random& random);

}  // namespace test
