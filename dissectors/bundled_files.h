// SPDX-License-Identifier: GPL-2.0-only
//
// The files of this folder that Wireshark reads, as they were when the program was built.
#pragma once

#include <span>
#include <string_view>

namespace dissectors {

struct BundledFile {
    std::string_view path;  // where it belongs: "pidcap/comment.lua"
    std::string_view bytes;
};

// Below a folder of Lua plug-ins.
std::span<const BundledFile> dissector_files();
// In a profile's folder.
std::span<const BundledFile> profile_files();

}  // namespace dissectors
