// SPDX-License-Identifier: GPL-2.0-only
//
// Parses one RTM_NEWLINK or RTM_DELLINK message of rtnetlink into an Interface. A pure function
// that checks every length.
#pragma once

#include <linux/netlink.h>

#include <optional>

#include "capture/hooks/interfaces.h"

namespace capture {

// Returns the interface, or nothing for other messages, for malformed ones, and for those of a
// single protocol family (a bridge port that leaves its bridge is announced as RTM_DELLINK of
// AF_BRIDGE, but still exists). `message` must be complete in memory, as mnl_nlmsg_ok() checks.
std::optional<Interface> parse_link(const nlmsghdr* message);

}  // namespace capture
