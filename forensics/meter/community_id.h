// SPDX-License-Identifier: GPL-2.0-only
//
// Community ID, version 1, with seed 0: a text by which tools that saw the same conversation name
// it alike (https://github.com/corelight/community-id-spec). Pure.
#pragma once

#include <string>

#include "forensics/analysis/flow.h"

namespace forensics {

// Empty for ICMP and ICMPv6, whose id is made of types and codes, which a Flow doesn't have.
std::string community_id(const Flow& flow);

}  // namespace forensics
