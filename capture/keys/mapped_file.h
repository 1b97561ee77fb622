// SPDX-License-Identifier: GPL-2.0-only
//
// MappedFile: a file whose code a process has mapped, and how to open it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture::tls {

// A file as mappings name it: enough to tell whether it has been seen before.
struct FileKey {
    uint32_t major = 0;
    uint32_t minor = 0;
    uint64_t inode = 0;
    // Of an inode's number, which is used again once a file is gone. 0: not known.
    uint64_t generation = 0;

    bool operator==(const FileKey&) const = default;
};

struct MappedFile {
    FileKey key;
    uint32_t pid = 0;  // whose mapping it is, by the numbers of this process's PID namespace
    uint64_t start = 0;
    uint64_t end = 0;
    std::string path;  // as the process's mounts have it, or had, if it was deleted
};

// Parses /proc/PID/maps: each file with an executable mapping, once. Lines that no kernel writes
// are left out.
std::vector<MappedFile> parse_maps(std::string_view text, uint32_t pid);

// The files that a process runs code of: its program, its libraries, and what it loads later.
// Error ESRCH: there is no such process, or no longer.
[[nodiscard]] pcapng::Result<std::vector<MappedFile>> mapped_files(
    uint32_t pid, const std::string& proc_root = "/proc");

// Opens the very file that is mapped, also one that was deleted or replaced since, or is of another
// mount namespace: by the mapping itself, which takes CAP_CHECKPOINT_RESTORE; else by its path,
// which takes CAP_SYS_PTRACE, if the file there is that one. Error ENOENT: it is out of reach, as
// when the process has ended.
[[nodiscard]] pcapng::Result<pcapng::Fd> open_mapped(const MappedFile& file);

}  // namespace capture::tls
