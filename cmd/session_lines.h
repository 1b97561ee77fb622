// SPDX-License-Identifier: GPL-2.0-only
//
// What there is to say of a capture as it starts and ends, a line each: at a shell on stderr, in
// Wireshark in its log.
#pragma once

#include <string>
#include <vector>

#include "capture/session.h"
#include "cmd/options.h"

namespace cmd {

// Once it is attached. More with -v.
std::vector<std::string> start_lines(capture::Session& session, const Options& options);

// What was captured, and everything that was lost.
std::vector<std::string> end_lines(const capture::Session& session);

}  // namespace cmd
