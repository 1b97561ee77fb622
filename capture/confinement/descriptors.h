// SPDX-License-Identifier: GPL-2.0-only
//
// What a child that goes on without exec has open of its parent's.
#pragma once

#include <vector>

namespace capture {

// Closes every descriptor from `first` on but those in `kept`. Kernels before 5.9 can't, and then
// they stay open until the process ends.
void close_all_but(const std::vector<int>& kept, int first);

}  // namespace capture
