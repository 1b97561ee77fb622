// SPDX-License-Identifier: GPL-2.0-only
//
// The capture command, from options to exit status: opens the session and the output, runs until it
// is told to stop, says what came of it on stderr.
#pragma once

#include "cmd/options.h"

namespace cmd {

// The exit status: that of the command after `--` if there is one and the capture didn't fail.
int run_capture(const Options& options);

}  // namespace cmd
