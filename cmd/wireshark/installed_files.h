// SPDX-License-Identifier: GPL-2.0-only
//
// Files and links in folders of another program: whether they are ours, and writing them so that
// nobody ever sees half of one. A link in a file's place is replaced, not followed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dissectors/bundled_files.h"
#include "pcapng/result.h"

namespace cmd {

using pcapng::Result;

// Windows and columns as they were left: in a user's profile it is Wireshark's from the first use
// on, and passes for the same.
inline constexpr std::string_view kRecent = "recent";

enum class Presence { kAbsent, kSame, kOther };

// Bundled files, and the folder below which they are to be.
struct FileSet {
    std::string_view name;  // "dissector"
    std::string folder;
    std::string kept;  // see remove_file
    std::span<const dissectors::BundledFile> files;
    bool theirs = false;  // of a user who may have changed them, as Wireshark itself does

    std::string path_of(const dissectors::BundledFile& file) const {
        return folder + "/" + std::string(file.path);
    }
};
Presence presence_of(const FileSet& set, const dissectors::BundledFile& file);
// kSame: all are there, with our bytes; kOther: one is not.
Presence presence_of(const FileSet& set);

// Makes the folders that are missing. Readable by all, whatever the umask.
Result<void> write_file(const std::string& path, std::string_view bytes);
Result<void> write_link(const std::string& path, const std::string& target);

// Where a link leads; none if it isn't one.
std::optional<std::string> link_target(const std::string& path);
bool exists(const std::string& path);  // also a link that leads nowhere

// Removes a file or link that is there, and then the folders above it, up to but without `kept`, as
// far as they are empty.
Result<void> remove_file(const std::string& path, const std::string& kept);

}  // namespace cmd
