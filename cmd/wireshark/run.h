// SPDX-License-Identifier: GPL-2.0-only
//
// The capture that Wireshark asked for, from its call to the exit status.
//
// Wireshark waits for its fifos, and shows what is on stderr as an error: whatever fails, the fifos
// are opened and a file is begun first, and only a failure is said there. The rest is told to the
// toolbar's log.
#pragma once

#include "cmd/wireshark/call.h"

namespace extcap {

int run(const Call& call);

}  // namespace extcap
