// SPDX-License-Identifier: GPL-2.0-only
//
// Users and groups that stand in /etc/passwd and /etc/group. getpwnam(3) and its like load modules
// and ask servers, which a running capture may not, and which root had better not do unasked.
// Stateless.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "capture/confinement/confinement.h"

namespace cmd {

// A user, with the group of their login.
std::optional<capture::UserIds> local_user(const std::string& name);
std::optional<capture::UserIds> local_user(uint32_t uid);

std::optional<uint32_t> local_group(const std::string& name);

}  // namespace cmd
