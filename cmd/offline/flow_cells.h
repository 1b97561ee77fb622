// SPDX-License-Identifier: GPL-2.0-only
//
// A conversation as a row for people. Pure.
#pragma once

#include <span>
#include <vector>

#include "cmd/offline/terminal_table.h"
#include "forensics/analysis/flow.h"
#include "forensics/analysis/table.h"

namespace cmd {

std::span<const Heading> flow_headings();
std::vector<Cell> flow_cells(const forensics::Flow& flow, const forensics::FlowHosts& hosts = {});

}  // namespace cmd
