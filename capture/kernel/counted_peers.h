// SPDX-License-Identifier: GPL-2.0-only
//
// Which counters are of the two ends of one conversation. Only those of which a packet has shown
// it: the same addresses and ports may be in use elsewhere on the machine at the same time. Pure.
#pragma once

#include <vector>

#include "capture/kernel/count_maps.h"

namespace capture {

// The counter of a packet's receiver may know the sender, and not the other way round. So each
// counter whose peer is known becomes the peer of that one's counter, if it has none.
void pair_ends(std::vector<CountedEnd>& ends);

}  // namespace capture
