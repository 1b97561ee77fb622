// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap extract`: some of the packets of a file into another, or one for each process, container
// or user.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "cmd/made_file.h"
#include "forensics/rewrite/split_files.h"
#include "forensics/select/selection.h"
#include "forensics/source/input_file.h"

namespace cmd {

struct ExtractRequest {
    std::string input;
    std::string output;
    std::optional<forensics::SplitBy> split;
    uint32_t max_files = 4096;
    forensics::Detail detail = forensics::Detail::kAll;
    forensics::Selection selection;
    bool everything = true;  // no packet is left out
    bool keys = true;        // those of the connections that are written
    FileMode mode;
};

// Both return the exit status, and print what is wrong themselves.
int run_extract(std::span<const std::string> arguments);
int extract(ExtractRequest request);

}  // namespace cmd
