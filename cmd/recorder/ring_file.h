// SPDX-License-Identifier: GPL-2.0-only
//
// RingFile: -w with --ring: the latest packets in memory, and on a trigger those around it in a
// file of their own. A file is written a little in each round, by a cursor that follows the packets
// in memory, so that a large one doesn't keep the capture from its rings; what is about to leave
// the memory is written first. A trigger while a file is being written makes that file longer.
//
// A file that can't be written ends nothing but itself. Owns the memory, the file at hand and the
// spool. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/clock.h"
#include "capture/file_sink.h"
#include "cmd/free_space.h"
#include "cmd/recorder/counter_history.h"
#include "cmd/recorder/recorder_options.h"
#include "cmd/recorder/triggered_file.h"
#include "cmd/rotation.h"
#include "cmd/spool.h"
#include "packet/file_keys.h"
#include "packet/packet_store.h"

namespace cmd {

class RingFile : public TriggeredFile {
  public:
    // Forks the spool's process: call it early. `output`: the value of -w. `recorder` has a ring.
    static capture::Result<std::unique_ptr<RingFile>> open(const std::string& output,
                                                           const RecorderOptions& recorder,
                                                           const RotationOptions& spool,
                                                           const capture::FileOptions& file,
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

    uint64_t bytes() const override { return window_ ? window_->sink->bytes() : 0; }
    uint64_t unwritten() const override { return 0; }
    std::vector<std::string> take_notices() override;
    bool failed() const override { return false; }  // a window that can't be saved ends nothing
    void change(const RotationOptions& rotation) override { free_space_.want(rotation.keep_free); }

    capture::Result<TriggerAnswer> trigger(const Trigger& trigger) override;
    FileStatus status() const override;
    bool busy() const override { return behind_; }

  private:
    // A file that is being written.
    struct Window {
        std::string name;
        std::unique_ptr<capture::FileSink> sink;
        packet::PacketStore::Cursor cursor;
        uint64_t from_ns = 0;
        uint64_t until_ns = 0;
        std::vector<uint64_t> written = {};  // packets, by interface number
        uint64_t packets = 0;
        uint64_t extended = 0;  // by how many triggers
    };

    RingFile(Spool spool, std::string pattern, const RecorderOptions& recorder,
             const RotationOptions& options, const capture::FileOptions& file);

    capture::Result<void> open_window(const Trigger& trigger);
    capture::Result<void> write(const packet::PacketStore::Record& record);
    template <typename More>
    void follow(More more);
    void follow_for_a_while();
    void close_window(const Counters& now);
    void give_up(const capture::Error& error);
    capture::Result<void> finish_sink(const Counters& now);

    Spool spool_;
    std::string pattern_;
    TriggerWindow span_;
    capture::FileOptions file_options_;
    packet::PacketStore store_;
    packet::FileKeys keys_;
    FreeSpace free_space_;
    CounterHistory history_;
    std::string origin_;
    std::function<Counters()> counters_;
    capture::WallClock clock_;
    std::optional<Window> window_;
    bool behind_ = false;       // the window's cursor
    uint64_t idle_before_ = 0;  // a time before which no packet can come any more
    uint64_t complete_ = 0;     // files
    uint64_t failed_ = 0;       // files that were given up
    uint64_t packets_ = 0;      // in complete files
    std::string last_;
    std::vector<std::string> notices_;
};

}  // namespace cmd
