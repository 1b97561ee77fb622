// SPDX-License-Identifier: GPL-2.0-only
//
// RecordOutput: where flow records go. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "forensics/meter/flow_record.h"
#include "pcapng/result.h"

namespace cmd {

// Who has the packets: a file can wait for a collector, a capture can't.
enum class RecordSource : uint8_t { kFile, kCapture };

class RecordOutput {
  public:
    RecordOutput() = default;
    RecordOutput(const RecordOutput&) = delete;
    RecordOutput& operator=(const RecordOutput&) = delete;
    virtual ~RecordOutput() = default;
    virtual pcapng::Result<void> add(const forensics::FlowRecord& record) = 0;
    // Hands on what waits. Call it often, and when milliseconds_left() is over; -1: need not be.
    virtual pcapng::Result<void> serve() = 0;
    virtual int milliseconds_left() const { return -1; }
    // The end. Waits a little for who has to take the rest.
    virtual pcapng::Result<void> finish() = 0;
    virtual bool connects() const { return false; }
    virtual int reader_fd() const { return -1; }
    virtual std::vector<std::string> take_notices() { return {}; }
    // After finish(): what was lost, a line each.
    virtual std::vector<std::string> end_lines() const { return {}; }
};

}  // namespace cmd
