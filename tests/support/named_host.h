// SPDX-License-Identifier: GPL-2.0-only
//
// Captures that say of which host they are, made so by editcap.
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/command.h"

namespace test {

// Adds a comment to the header of a file, as "host=web1"; returns its path.
inline std::string with_section_comment(const std::string& file, const std::string& comment) {
    const std::string made = file + ".named";
    output_of({"editcap", "--capture-comment", comment, file, made});
    std::filesystem::rename(made, file);
    return file;
}

}  // namespace test
