// SPDX-License-Identifier: GPL-2.0-only
//
// Begins the files of a spool: NAME.part, compressed if that is wanted, which takes the room of
// older files when the disk is full. One thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "capture/file_sink.h"
#include "cmd/free_space.h"
#include "cmd/spool.h"

namespace cmd {

struct SpooledFile {
    std::string name;  // in the spool, without ".part"
    std::unique_ptr<capture::FileSink> sink;
};

// `begin` calls Spool::begin() or begin_new(), and is called again once there is room. `free_space`
// outlives the file. See FileSink::create() for the others.
capture::Result<SpooledFile> begin_spooled_file(
    const Spool& spool, FreeSpace& free_space,
    const std::function<capture::Result<Spool::Begun>()>& begin,
    const capture::FileOptions& options, const std::string& origin);

}  // namespace cmd
