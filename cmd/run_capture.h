// SPDX-License-Identifier: GPL-2.0-only
//
// The capture command, from options to exit status: opens the session and the output, runs until it
// is told to stop, says what came of it on stderr.
#pragma once

#include "cmd/live/live_sink.h"
#include "cmd/options.h"

namespace cmd {

// The exit status: that of the command after `--` if there is one and the capture didn't fail.
// `live`: gets the packets in place of a file or lines; what the command after `--` prints then
// goes to standard error. Null: `options` say where they go.
int run_capture(const Options& options, LiveSink* live = nullptr);

}  // namespace cmd
