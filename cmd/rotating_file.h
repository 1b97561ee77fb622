// SPDX-License-Identifier: GPL-2.0-only
//
// RotatingFile: -w with -C or -G: one whole file after the other. A packet belongs to the file of
// its own time, so that none is lost or doubled at a cut; the statistics of a file are those since
// the cut before it, and add up. Owns the file at hand and the spool. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/clock.h"
#include "capture/file_sink.h"
#include "cmd/capture_file.h"
#include "cmd/rotation.h"
#include "cmd/spool.h"

namespace cmd {

class RotatingFile : public CaptureFile {
  public:
    using Counters = std::vector<packet::InterfaceCounters>;

    // Forks the spool's process: call it early. `output`: the value of -w.
    static capture::Result<std::unique_ptr<RotatingFile>> open(const std::string& output,
                                                               const RotationOptions& rotation,
                                                               const capture::FileOptions& file,
                                                               const StopSignals& signals);

    // Where a cut gets the counters up to now. Call it before begin().
    void counters_from(std::function<Counters()> counters) { counters_ = std::move(counters); }

    capture::Result<void> begin(const std::string& origin) override;
    capture::Result<void> interface(const packet::Interface& interface) override;
    capture::Result<void> packet(const packet::Packet& packet) override;
    capture::Result<void> process(const packet::ProcessEvent& event) override;
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

  private:
    RotatingFile(Spool spool, std::string pattern, const RotationOptions& rotation,
                 const capture::FileOptions& file)
        : spool_(std::move(spool)),
          pattern_(std::move(pattern)),
          options_(rotation),
          file_options_(file) {}

    uint64_t now();
    capture::Result<void> noted(capture::Result<void> result);
    capture::Result<void> open_next();
    capture::Result<void> close(Counters counters);
    capture::Result<void> cut_if_due(uint64_t time_ns);
    capture::Result<void> cut_if_full();
    Counters since_cut(Counters counters);
    std::optional<uint64_t> remove_oldest(const std::string& why);
    void keep_free();

    Spool spool_;
    std::string pattern_;
    RotationOptions options_;
    capture::FileOptions file_options_;
    std::string origin_;
    std::function<Counters()> counters_;
    capture::WallClock clock_;
    std::optional<Rotation> rotation_;           // from begin() on
    std::unique_ptr<capture::FileSink> sink_;    // the file at hand
    std::vector<packet::Interface> interfaces_;  // by number
    std::vector<uint64_t> written_;              // packets in the file at hand, by interface number
    Counters before_;                            // at the last cut
    uint64_t complete_ = 0;                      // files
    std::string last_;                           // the path of the last of them
    uint64_t idle_before_ = 0;                   // a time before which no packet can come any more
    bool ended_ = false;
    uint64_t next_check_ = 0;  // of the free space
    uint64_t removed_ = 0;     // files that no notice has told of yet
    uint64_t next_told_ = 0;   // when one may
    bool told_nothing_left_ = false;
    std::vector<std::string> notices_;
    std::optional<capture::Error> failure_;
    uint64_t unwritten_ = 0;
};

}  // namespace cmd
