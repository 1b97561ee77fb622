// SPDX-License-Identifier: GPL-2.0-only
//
// A conversation as a row for people. Pure.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "cmd/offline/terminal_table.h"
#include "forensics/analysis/flow.h"
#include "forensics/analysis/table.h"

namespace cmd {

std::span<const Heading> flow_headings();
// `host`: see process_cell().
std::vector<Cell> flow_cells(const forensics::Flow& flow, std::string_view host);

}  // namespace cmd
