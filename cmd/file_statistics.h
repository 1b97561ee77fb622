// SPDX-License-Identifier: GPL-2.0-only
//
// The statistics of a file that has a part of a capture: what its interfaces have counted in that
// time. Pure but for finish_file(), which writes to the file. One thread.
#pragma once

#include <deque>
#include <vector>

#include "capture/file_sink.h"
#include "packet/sink.h"

namespace cmd {

// Returns what was filtered and dropped since `before`. Packets that were captured belong to the
// file that has them, so there are none.
packet::InterfaceCounters losses_since(const packet::InterfaceCounters& before,
                                       const packet::InterfaceCounters& now);

// Whether any packet was captured, filtered or dropped.
bool any(const packet::InterfaceCounters& counters);

// Ends the file with these counters, by interface number. Every interface that has counted anything
// is in it, also without packets. Tools refuse a file without any interface, so the first one is in
// it if none has.
capture::Result<void> finish_file(capture::FileSink& sink,
                                  const std::deque<packet::Interface>& interfaces,
                                  const std::vector<packet::InterfaceCounters>& counters);

}  // namespace cmd
