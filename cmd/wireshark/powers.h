// SPDX-License-Identifier: GPL-2.0-only
//
// The capabilities of the program's file, laid down but kept: what Wireshark's user names (fifos)
// is opened with that user's own rights. Of the process; before it has threads.
#pragma once

#include "pcapng/result.h"

namespace extcap {

pcapng::Result<void> lay_down_powers();
// For good: answering questions needs none.
pcapng::Result<void> give_up_powers();
pcapng::Result<void> take_up_powers();

}  // namespace extcap
