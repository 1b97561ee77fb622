// SPDX-License-Identifier: GPL-2.0-only
//
// The functions that code calls with a label as the second argument. In a library written in C that
// has a key log, one of them is called with most of the labels: (object, label, secret, length).
#pragma once

#include <cstdint>
#include <vector>

#include "capture/tls/disassembler.h"
#include "capture/tls/elf_image.h"
#include "capture/tls/labels.h"

namespace capture::tls {

struct LogFunction {
    uint64_t address = 0;
    size_t votes = 0;   // places that call it with a label
    size_t labels = 0;  // texts that it is called with
};

// By votes, the most first. Functions of other files (PLT entries) are left out.
std::vector<LogFunction> find_log_functions(const ElfImage& image, Disassembler& disassembler,
                                            const std::vector<Label>& labels,
                                            const std::vector<LabelReference>& references);

}  // namespace capture::tls
