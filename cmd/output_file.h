// SPDX-License-Identifier: GPL-2.0-only
//
// OutputFile: what -w names, as a sink. It is opened before the capture starts, so that a path that
// can't be written is said first, but emptied and begun only once the hooks are on: an older file
// survives every start that fails.
//
// Under sudo the file is opened with the rights of the user who called it, and what is made is
// theirs: a sudoers rule for pidcap doesn't let them write what they couldn't. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "capture/file_sink.h"
#include "capture/packet_types.h"
#include "cmd/capture_file.h"
#include "cmd/made_file.h"
#include "pcapng/fd.h"

namespace cmd {

// Returns true if what is written to the descriptor has a reader that can leave.
bool has_reader(int fd);
// Returns true if that reader has left. One that has only ended what it sends (ssh with its
// standard input at the end) goes on reading. False for -1.
bool reader_left(int fd);

class OutputFile : public CaptureFile {
  public:
    // `path` "-": standard output. A fifo waits for its reader. `stop_fd`, which outlives this, is
    // readable when it is time to stop waiting.
    static capture::Result<std::unique_ptr<OutputFile>> open(const std::string& path,
                                                             const capture::FileOptions& options,
                                                             FileMode mode, int stop_fd);
    // A fifo that exists and has been made for us; sudo is of no meaning.
    static capture::Result<std::unique_ptr<OutputFile>> open_fifo(
        const std::string& path, const capture::FileOptions& options, int stop_fd);

    // Empties and begins the file; until then no sink function but interface() may be called.
    // `origin`: see FileSink.
    capture::Result<void> begin(const std::string& origin) override;

    capture::Result<void> interface(const packet::Interface& interface) override;
    capture::Result<void> packet(const packet::Packet& packet) override;
    capture::Result<void> process(const packet::ProcessEvent& event) override;
    capture::Result<void> keys(std::span<const packet::KeyLogLine> lines) override;
    capture::Result<void> idle() override;
    capture::Result<void> finish(const std::vector<packet::InterfaceCounters>& counters) override;

    uint64_t bytes() const override { return sink_ ? sink_->bytes() : 0; }
    // Of a pipe, fifo, socket or terminal, once it is begun: what poll(2) answers for when the
    // reader has left, -1 otherwise. A capture in which nothing happens would notice no other way.
    int reader_fd() const override { return sink_ && has_reader_ ? sink_->fd() : -1; }
    bool reader_left() const { return cmd::reader_left(reader_fd()); }
    // The first write that failed; what comes after it is counted only.
    const std::optional<capture::Error>& failure() const { return failure_; }
    bool failed() const override { return failure_.has_value(); }
    uint64_t unwritten() const override { return unwritten_; }

  private:
    OutputFile(pcapng::Fd fd, std::string name, const capture::FileOptions& options, int stop_fd)
        : fd_(std::move(fd)), name_(std::move(name)), options_(options), stop_fd_(stop_fd) {}
    capture::Result<void> noted(capture::Result<void> result);

    pcapng::Fd fd_;  // until begin()
    std::string name_;
    capture::FileOptions options_;
    int stop_fd_;
    bool to_stdout_ = false;
    bool has_reader_ = false;
    std::vector<packet::Interface> announced_;  // before begin()
    std::unique_ptr<capture::FileSink> sink_;
    std::optional<capture::Error> failure_;
    uint64_t unwritten_ = 0;
};

}  // namespace cmd
