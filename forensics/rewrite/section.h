// SPDX-License-Identifier: GPL-2.0-only
//
// Section headers for files that are made from other files.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "forensics/source/input_file.h"
#include "pcapng/blocks.h"

namespace forensics {

// Returns the encoded options of the header for a file with packets of one input: the input's own,
// and before them the comment on our grammar, if it has none.
std::vector<uint8_t> section_options_of(const InputFile& input);

// Returns the header for a file with packets of several hosts, with a comment for each host.
struct Host {
    std::string name;
    const InputFile& input;
};
pcapng::SectionInfo section_of(std::span<const Host> hosts);

}  // namespace forensics
