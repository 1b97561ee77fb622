// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap flows FILE`: one row a conversation.
#pragma once

#include <span>
#include <string>

namespace cmd {

int run_flows(std::span<const std::string> arguments);

}  // namespace cmd
