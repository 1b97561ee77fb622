// SPDX-License-Identifier: GPL-2.0-only
//
// Flow records as lines: to standard output, or to a collector. One thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "cmd/records/record_link.h"
#include "cmd/records/record_output.h"
#include "forensics/meter/record_format.h"
#include "pcapng/fd.h"

namespace cmd {

// To standard output, where a slow reader makes it wait.
class PrintedRecords : public RecordOutput {
  public:
    // `stop_fd`: see write_all; -1: none.
    PrintedRecords(std::unique_ptr<forensics::RecordFormat> format, int stop_fd);

    pcapng::Result<void> add(const forensics::FlowRecord& record) override;
    pcapng::Result<void> serve() override;
    pcapng::Result<void> finish() override { return serve(); }
    int reader_fd() const override { return has_reader_ ? fd_.get() : -1; }

  private:
    std::unique_ptr<forensics::RecordFormat> format_;
    pcapng::Fd fd_;
    bool has_reader_;
    int stop_fd_;
    std::string text_;
};

class LinkedRecords : public RecordOutput {
  public:
    LinkedRecords(std::unique_ptr<forensics::RecordFormat> format, CollectorAddress address,
                  RecordSource source);

    pcapng::Result<void> add(const forensics::FlowRecord& record) override;
    pcapng::Result<void> serve() override;
    int milliseconds_left() const override {
        return link_.milliseconds_left(RecordLink::Clock::now());
    }
    pcapng::Result<void> finish() override;
    bool connects() const override { return true; }
    std::vector<std::string> take_notices() override { return link_.take_notices(); }
    std::vector<std::string> end_lines() const override;

  private:
    std::string to_;
    std::unique_ptr<forensics::RecordFormat> format_;
    RecordLink link_;
    RecordSource source_;
};

}  // namespace cmd
