// SPDX-License-Identifier: GPL-2.0-only
//
// LiveSink: what a running capture hands its packets to, in place of a file or lines: a table, a
// report, flow records. run_capture() calls it from its loop. One thread.
#pragma once

#include <string>
#include <vector>

#include "packet/sink.h"

namespace cmd {

class LiveSink : public packet::Sink {
  public:
    // Before the capture gives up its rights. Once `stop_fd` is readable, no write waits for a
    // reader that takes nothing (pcapng/write_bytes.h).
    virtual pcapng::Result<void> prepare(int /*stop_fd*/) { return {}; }
    // Whether it makes connections while the capture runs.
    virtual bool connects() const { return false; }

    pcapng::Result<void> interface(const packet::Interface&) override { return {}; }
    pcapng::Result<void> idle() override { return {}; }
    // Each round of the loop, also when there was no packet.
    virtual pcapng::Result<void> serve() { return {}; }
    // When serve() has something to do without a packet; -1: never.
    virtual int milliseconds_left() const { return -1; }
    // Who reads what it writes, as a descriptor that hangs up: then the capture ends. -1: nobody.
    virtual int reader_fd() const { return -1; }
    // What the user should know now, since the last call; and at the end, what was lost.
    virtual std::vector<std::string> take_notices() { return {}; }
    virtual std::vector<std::string> end_lines() const { return {}; }
};

}  // namespace cmd
