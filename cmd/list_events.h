// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap events` without a file: the events that a capture on this machine can have.
#pragma once

#include <span>
#include <string>

namespace cmd {

// Prints the events that one of the patterns matches, or, without any, all of them; with their
// fields if there are patterns, and in JSON. Returns the exit status.
int list_events(std::span<const std::string> patterns, bool json);

}  // namespace cmd
