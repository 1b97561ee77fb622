// SPDX-License-Identifier: GPL-2.0-only
//
// One RTM_NEWLINK or RTM_DELLINK message of rtnetlink as an Interface. Pure, checks every length.
#pragma once

#include <linux/netlink.h>

#include <optional>

#include "capture/hooks/interfaces.h"

namespace capture {

// Nothing for other messages, for damaged ones, and for those of one protocol family only (a
// bridge port that leaves its bridge is announced as RTM_DELLINK of AF_BRIDGE, and lives on).
// `message` must lie whole in memory, as mnl_nlmsg_ok() says.
std::optional<Interface> parse_link(const nlmsghdr* message);

}  // namespace capture
