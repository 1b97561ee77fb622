// SPDX-License-Identifier: GPL-2.0-only
//
// Which host each of several files is of: what `pidcap merge` and `pidcap flows --join` share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pcapng/result.h"

namespace cmd {

// Returns what is wrong with `hosts`, if anything; several files are only of one host if that is
// said. If there are none, sets them to what the files say, read to their first section header, and
// of those that don't say it, or can't be read twice, to their names without folder and ending.
std::optional<pcapng::Error> name_hosts(const std::vector<std::string>& files,
                                        std::vector<std::string>& hosts);

// Returns the host that all of the files say they are of, read to their first section header;
// empty: they say none, or several, or can't be read twice.
std::string one_host(const std::vector<std::string>& files);

}  // namespace cmd
