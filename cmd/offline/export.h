// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap export FILE`: a table for other tools, as Parquet, JSON lines or CSV.
#pragma once

#include <span>
#include <string>

namespace cmd {

int run_export(std::span<const std::string> arguments);

}  // namespace cmd
