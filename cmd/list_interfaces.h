// SPDX-License-Identifier: GPL-2.0-only
//
// The interfaces of this network namespace: -D numbers them, -L says of which link type their
// packets are, -i takes a number for a name. Prints on standard output. One thread.
#pragma once

#include "cmd/options.h"
#include "pcapng/result.h"

namespace cmd {

// -D, and -L for the interfaces that -i names. Return the exit status.
int list_interfaces();
int list_link_types(const Options& options);

// Replaces numbers in `options.interfaces` by the names that -D lists them with, unless an
// interface has the number for a name. Returns an error if there is no such number, or if an
// interface is of another link type than that of -y.
pcapng::Result<void> resolve_interfaces(Options& options);

}  // namespace cmd
