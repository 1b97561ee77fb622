// SPDX-License-Identifier: GPL-2.0-only
//
// What the bench shows of its rows: a table for the terminal, JSON, and Markdown out of the JSON of
// several runs.
#pragma once

#include <string>
#include <vector>

#include "tests/attribution/run.h"

namespace bench {

std::string table(const std::vector<Row>& rows);

// `title` heads the run's columns in markdown().
std::string json(const std::vector<Row>& rows, const std::string& title);

// `runs`: what json() made, a column each.
std::string markdown(const std::vector<std::string>& runs);

}  // namespace bench
