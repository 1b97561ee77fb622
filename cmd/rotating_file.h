// SPDX-License-Identifier: GPL-2.0-only
//
// RotatingFile: -w with -C or -G: one whole file after the other. A packet belongs to the file of
// its own time, so that none is lost or doubled at a cut; the statistics of a file are those since
// the cut before it, and add up. Owns the file at hand and the spool. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "capture/clock.h"
#include "capture/file_sink.h"
#include "cmd/free_space.h"
#include "cmd/recorder/kept_files.h"
#include "cmd/recorder/triggered_file.h"
#include "cmd/rotation.h"
#include "cmd/spool.h"
#include "packet/file_keys.h"

namespace cmd {

class RotatingFile : public TriggeredFile {
  public:
    // Forks the spool's process: call it early. `output`: the value of -w.
    static capture::Result<std::unique_ptr<RotatingFile>> open(const std::string& output,
                                                               const RotationOptions& rotation,
                                                               const capture::FileOptions& file,
                                                               const TriggerWindow& window,
                                                               const StopSignals& signals);

    void counters_from(std::function<Counters()> counters) override {
        counters_ = std::move(counters);
    }

    capture::Result<void> begin(const std::string& origin) override;
    capture::Result<void> interface(const packet::Interface& interface) override;
    capture::Result<void> packet(const packet::Packet& packet) override;
    capture::Result<void> process(const packet::ProcessEvent& event) override;
    capture::Result<void> keys(std::span<const packet::KeyLogLine> lines) override;
    capture::Result<void> idle() override;
    capture::Result<void> finish(const Counters& counters) override;

    uint64_t bytes() const override { return sink_ ? sink_->bytes() : 0; }
    bool failed() const override { return failure_.has_value(); }
    uint64_t unwritten() const override { return unwritten_; }
    std::vector<std::string> take_notices() override;
    std::optional<uint64_t> end() const override {
        return rotation_ ? rotation_->end() : std::nullopt;
    }
    bool ended() const override { return ended_; }
    void change(const RotationOptions& rotation) override;

    // The files that the window covers are kept under a second name, which no rotation takes.
    capture::Result<TriggerAnswer> trigger(const Trigger& trigger) override;
    FileStatus status() const override;

  private:
    RotatingFile(Spool spool, std::string pattern, const RotationOptions& rotation,
                 const capture::FileOptions& file, const TriggerWindow& window)
        : spool_(std::move(spool)),
          pattern_(std::move(pattern)),
          options_(rotation),
          file_options_(file),
          window_(window),
          kept_(window),
          free_space_(spool_, rotation.keep_free) {}

    capture::Result<void> noted(capture::Result<void> result);
    capture::Result<void> open_next();
    capture::Result<void> close(Counters counters, uint64_t until);
    capture::Result<void> cut_if_due(uint64_t time_ns);
    capture::Result<void> cut_if_full(uint64_t time_ns);
    Counters since_cut(Counters counters);
    void note_kept(const capture::Result<std::string>& kept, const std::string& file);
    void end_window();

    Spool spool_;
    std::string pattern_;
    RotationOptions options_;
    capture::FileOptions file_options_;
    std::string origin_;
    std::function<Counters()> counters_;
    capture::WallClock clock_;
    TriggerWindow window_;
    KeptFiles kept_;
    uint64_t kept_now_ = 0;  // files, by the window at hand
    uint64_t failed_ = 0;    // files that could not be kept
    uint64_t notes_ = 0;     // triggers while the file at hand was written
    FreeSpace free_space_;
    std::optional<Rotation> rotation_;         // from begin() on
    std::unique_ptr<capture::FileSink> sink_;  // the file at hand
    packet::FileKeys keys_;
    std::deque<packet::Interface> interfaces_;  // by number
    std::vector<uint64_t> written_;             // packets in the file at hand, by interface number
    Counters before_;                           // at the last cut
    uint64_t begun_ = 0;                        // when the file at hand began
    uint64_t complete_ = 0;                     // files
    uint64_t packets_ = 0;                      // in all files
    std::string last_;                          // the path of the last of them
    uint64_t idle_before_ = 0;                  // a time before which no packet can come any more
    bool ended_ = false;
    std::vector<std::string> notices_;
    std::optional<capture::Error> failure_;
    uint64_t unwritten_ = 0;
};

}  // namespace cmd
