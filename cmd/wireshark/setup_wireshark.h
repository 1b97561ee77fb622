// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap setup-wireshark`: our interface, dissector and profile in Wireshark. As root for
// everyone, else for the user who runs it. Says on stdout what it does, on stderr what fails.
#pragma once

#include "cmd/options.h"

namespace cmd {

// The status to exit with. `color` is for --check.
int setup_wireshark(const Options& options, bool color);

}  // namespace cmd
