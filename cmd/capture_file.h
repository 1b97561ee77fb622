// SPDX-License-Identifier: GPL-2.0-only
//
// CaptureFile: what -w names, as a sink: one file, pipe or fifo (OutputFile), or one file after the
// other (RotatingFile). It is opened before the capture starts, so that a path that can't be
// written is said first, and begun once the hooks are on. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/packet_types.h"
#include "cmd/rotation.h"

namespace cmd {

class CaptureFile : public packet::Sink {
  public:
    // Until it is begun no sink function but interface() may be called. `origin`: see FileSink.
    virtual capture::Result<void> begin(const std::string& origin) = 0;

    // Of the file at hand.
    virtual uint64_t bytes() const = 0;
    // Whether a write has failed, which ends the capture.
    virtual bool failed() const = 0;
    // Packets that came after the first write that failed.
    virtual uint64_t unwritten() const = 0;

    // What poll(2) answers for when the reader of a pipe has left; -1: there is none who could.
    virtual int reader_fd() const { return -1; }
    // What the user should know, a line each, since the last call.
    virtual std::vector<std::string> take_notices() { return {}; }
    // The time from which on packets aren't wanted any more, once it is known.
    virtual std::optional<uint64_t> end() const { return std::nullopt; }
    // Whether that time has come, and every packet before it.
    virtual bool ended() const { return false; }
    // Takes over the numbers of -C and -G, and --keep-free. Call it after begin().
    virtual void change(const RotationOptions& /*rotation*/) {}
};

}  // namespace cmd
