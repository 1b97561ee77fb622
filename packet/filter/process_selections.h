// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessSelections: which of the values that a user has selected processes by, such as
// `--unit nginx.service`, have no process matched yet? A misspelt one is told of so. One thread.
#pragma once

#include <string>
#include <vector>

#include "packet/filter/process_expression.h"
#include "packet/process.h"

namespace packet {

struct ProcessSelection {
    std::string option;            // as it was given, printable: "--unit nginx.service"
    ProcessExpression expression;  // asks nothing about trees
};

class ProcessSelections {
  public:
    ProcessSelections() = default;
    explicit ProcessSelections(std::vector<ProcessSelection> selections)
        : unmatched_(std::move(selections)) {}

    // Call this for each process that becomes known or changes. Costs nothing once all have
    // matched.
    void see(const Process& process);

    bool empty() const { return unmatched_.empty(); }
    // Returns the options that no process has matched, in the order in which they were given.
    std::vector<std::string> unmatched() const;

  private:
    std::vector<ProcessSelection> unmatched_;
};

}  // namespace packet
