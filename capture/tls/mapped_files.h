// SPDX-License-Identifier: GPL-2.0-only
//
// The files that a process runs code of: its program, its libraries, and what it loads later.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture::tls {

struct MappedFile {
    uint64_t start = 0;  // of one of its executable mappings
    uint64_t end = 0;
    uint64_t inode = 0;
    std::string device;  // "fe:00"
    std::string path;    // as the process's mounts have it, or had: see is_deleted
    bool is_deleted = false;
};

// Parses /proc/PID/maps: each file with an executable mapping, once. Lines that no kernel writes
// are left out.
std::vector<MappedFile> parse_maps(std::string_view text);

// The files of a process. Error code ESRCH: there is no such process, or no longer.
pcapng::Result<std::vector<MappedFile>> mapped_files(uint32_t pid);

// Opens one of them for reading, in whichever mount namespace it is, deleted files too. That takes
// CAP_CHECKPOINT_RESTORE; without it the file is looked for by its name, and opened only if it is
// the same one.
pcapng::Result<pcapng::Fd> open_mapped(uint32_t pid, const MappedFile& file);

}  // namespace capture::tls
