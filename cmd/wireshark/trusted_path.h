// SPDX-License-Identifier: GPL-2.0-only
//
// Whether somebody other than root decides what is at a path: what root writes or gives privileges
// to there would be theirs.
#pragma once

#include <optional>
#include <string>

namespace cmd {

// The first of the path and the folders above it, its links resolved, that others than root can
// change or replace; the path itself if it can't be looked at.
std::optional<std::string> changeable_by_others(const std::string& path);

}  // namespace cmd
