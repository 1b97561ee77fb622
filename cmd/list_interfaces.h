// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap -D`: the interfaces that -i takes, as tcpdump lists them.
#pragma once

namespace cmd {

// Prints to stdout; the exit status.
int list_interfaces();

}  // namespace cmd
