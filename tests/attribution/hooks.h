// SPDX-License-Identifier: GPL-2.0-only
//
// Which scenarios can be seen at a hook, and how many of their packets. What is known of a packet
// there: tests/kernel/hook.h.
#pragma once

#include "tests/attribution/scenario.h"

namespace bench {

Scenarios scenarios_at(test::Hook hook);

}  // namespace bench
