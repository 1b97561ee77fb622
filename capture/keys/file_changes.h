// SPDX-License-Identifier: GPL-2.0-only
//
// FileChanges: says when a file's content changes (inotify(7)). A change by way of a mapping isn't
// seen. One thread.
#pragma once

#include <functional>
#include <utility>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture::tls {

class FileChanges {
  public:
    static pcapng::Result<FileChanges> open();

    // Watches an open file until its first change. Returns the file's number, the same for the same
    // file; -1: it can't be watched.
    int watch(const pcapng::Fd& file) const;

    // Calls `changed` with the number of each file that has changed since the last call.
    void read(const std::function<void(int)>& changed) const;

    // Becomes readable when a file has changed.
    int fd() const { return fd_.get(); }

  private:
    explicit FileChanges(pcapng::Fd fd) : fd_(std::move(fd)) {}

    pcapng::Fd fd_;
};

}  // namespace capture::tls
