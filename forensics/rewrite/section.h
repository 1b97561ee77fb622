// SPDX-License-Identifier: GPL-2.0-only
//
// Section headers for files that are made from other files.
#pragma once

#include <span>
#include <string>

#include "forensics/source/input_file.h"
#include "pcapng/blocks.h"

namespace forensics {

// Returns the header for a file with packets of one input. Keeps the input's hardware, OS,
// application and comments.
pcapng::SectionInfo section_of(const InputFile& input);

// Returns the header for a file with packets of several hosts, with a comment for each host.
struct Host {
    std::string name;
    const InputFile& input;
};
pcapng::SectionInfo section_of(std::span<const Host> hosts);

}  // namespace forensics
