// SPDX-License-Identifier: GPL-2.0-only
#include "packet/filter/process_selections.h"

#include <catch2/catch.hpp>

using packet::Comparison;
using packet::NumberField;
using packet::Process;
using packet::ProcessExpression;
using packet::ProcessSelections;
using packet::TextField;

TEST_CASE("selections that no process has matched remain, in their order") {
    ProcessSelections selections({
        {"--comm ping", ProcessExpression::text(TextField::kComm, "ping")},
        {"--unit nosuch", ProcessExpression::text(TextField::kUnit, "nosuch")},
        {"--uid 7", ProcessExpression::number(NumberField::kUid, Comparison::kEqual, 7)},
    });
    CHECK(selections.unmatched() ==
          std::vector<std::string>{"--comm ping", "--unit nosuch", "--uid 7"});
    Process process;
    process.comm = "curl";
    process.uid = 7;
    selections.see(process);
    CHECK(selections.unmatched() == std::vector<std::string>{"--comm ping", "--unit nosuch"});
    process.uid = 8;
    process.comm = "ping";
    selections.see(process);
    selections.see(process);
    CHECK(selections.unmatched() == std::vector<std::string>{"--unit nosuch"});
}
