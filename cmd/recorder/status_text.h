// SPDX-License-Identifier: GPL-2.0-only
//
// A recorder's answers as text for people. Pure. A member that is missing or of another type is
// shown as if it were 0 or empty: the recorder may be another version's.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace cmd {

// Several lines, each ended.
std::string status_text(const nlohmann::ordered_json& status);
std::string trigger_text(const nlohmann::ordered_json& answer);

}  // namespace cmd
