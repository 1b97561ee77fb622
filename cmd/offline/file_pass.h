// SPDX-License-Identifier: GPL-2.0-only
//
// One pass over a file's selected packets, with its progress on a terminal. One thread.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "cmd/offline/selection.h"
#include "forensics/source.h"
#include "pcapng/result.h"

namespace cmd {

class FilePass {
  public:
    static pcapng::Result<FilePass> open(const std::string& path, Selection selection);

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
    FilePass(forensics::Source source, Selection selection)
        : source_(std::move(source)), selection_(std::move(selection)) {}

    forensics::Source source_;
    Selection selection_;
    bool begun_ = false;
};

}  // namespace cmd
