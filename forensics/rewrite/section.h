// SPDX-License-Identifier: GPL-2.0-only
//
// The section headers of the files that commands write from files.
#pragma once

#include <span>
#include <string>

#include "forensics/source/input_file.h"
#include "pcapng/blocks.h"

namespace forensics {

// Of a file with packets of one other: where those were captured stays, and how.
pcapng::SectionInfo section_of(const InputFile& input);

// Of a file with packets of several hosts: a comment for each.
struct Host {
    std::string name;
    const InputFile& input;
};
pcapng::SectionInfo section_of(std::span<const Host> hosts);

}  // namespace forensics
