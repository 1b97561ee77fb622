// SPDX-License-Identifier: GPL-2.0-only
//
// The texts of a key log in a file, and the code that takes their addresses. Scans bytes; what is
// found may be no instruction at all.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/tls/elf_image.h"
#include "capture/tls/instruction.h"
#include "capture/tls/key_log_function.h"

namespace capture::tls {

// Labels in segments that can't be written, by address. A compiler lets one text be the end of
// another: EXPORTER_SECRET may stand in EARLY_EXPORTER_SECRET.
struct LabelTexts {
    std::vector<Label> ended;   // by a NUL, as C has them
    std::vector<Label> others;  // as Go and Rust have them
};
LabelTexts find_labels(const ElfImage& image);

// Where an instruction may be that puts a label's address into a register.
struct LabelReference {
    uint64_t instruction = 0;
    uint64_t label = 0;
    // What the instruction adds to: a register, with its value; or none.
    Register base = kNoRegister;
    uint64_t base_value = 0;

    bool operator==(const LabelReference&) const = default;
};
// By the instruction's address; at most kMaxReferences.
constexpr size_t kMaxReferences = 1000;
std::vector<LabelReference> find_references(const ElfImage& image,
                                            const std::vector<Label>& labels);

}  // namespace capture::tls
