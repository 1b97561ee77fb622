// SPDX-License-Identifier: GPL-2.0-only
//
// One pass over a file's selected packets, with its progress on the terminal that standard error
// may be. One thread.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "cmd/offline/progress.h"
#include "cmd/offline/selection.h"
#include "forensics/source/source.h"
#include "pcapng/result.h"

namespace cmd {

class FilePass {
  public:
    // `shows_progress`: false for a command that writes to a terminal meanwhile.
    static pcapng::Result<FilePass> open(const std::string& path, Selection selection,
                                         bool shows_progress);

    // The next selected packet; null at the end. An error follows all packets that were readable.
    pcapng::Result<const forensics::Packet*> next();
    // Calls take(packet) for each.
    template <typename Take>
    pcapng::Result<void> each(Take take) {
        while (true) {
            const pcapng::Result<const forensics::Packet*> packet = next();
            if (!packet) {
                return packet.error();
            }
            if (*packet == nullptr) {
                return {};
            }
            take(**packet);
        }
    }

  private:
    FilePass(forensics::Source source, Selection selection, bool shows_progress);

    forensics::Source source_;
    Selection selection_;
    std::unique_ptr<FileProgress> progress_;  // null once the file has been read
    bool begun_ = false;
};

}  // namespace cmd
