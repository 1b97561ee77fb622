// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/spooled_file.h"

#include <cerrno>
#include <utility>

#include "capture/zstd_compressor.h"
#include "pcapng/output.h"

namespace cmd {

using capture::Result;

Result<SpooledFile> begin_spooled_file(const Spool& spool, FreeSpace& free_space,
                                       const std::function<Result<Spool::Begun>()>& begin,
                                       const capture::FileOptions& options,
                                       const std::string& origin) {
    auto begun = begin();
    while (!begun && free_space.make_room(begun.error().code)) {
        begun = begin();
    }
    if (!begun) {
        return std::move(begun).error();
    }
    auto output =
        pcapng::Output::from_fd(std::move(begun->fd), spool.path_of(begun->name) + ".part");
    output.on_full([&free_space] { return free_space.make_room(ENOSPC); });
    if (options.compress) {
        output.compress_with(capture::make_zstd_compressor());
    }
    auto sink = capture::FileSink::create(std::move(output), options, origin);
    if (!sink) {
        return std::move(sink).error();
    }
    return SpooledFile{std::move(begun->name),
                       std::make_unique<capture::FileSink>(*std::move(sink))};
}

}  // namespace cmd
