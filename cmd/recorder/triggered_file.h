// SPDX-License-Identifier: GPL-2.0-only
//
// TriggeredFile: the file side of a recorder: RingFile, which has its packets in memory, or
// RotatingFile, which has them in files. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cmd/capture_file.h"
#include "cmd/recorder/trigger.h"
#include "packet/packet_store.h"

namespace cmd {

// For `pidcap status`.
struct FileStatus {
    uint64_t complete = 0;  // files
    std::string last;       // path of the last of them
    std::string current;    // path of the one at hand
    uint64_t current_bytes = 0;
    uint64_t packets = 0;  // written, to all files
    std::optional<packet::PacketStore::Fill> ring;
    std::optional<uint64_t> window_until;  // the trigger that is being saved ends then
    // Files that could not be saved though their trigger() succeeded: given up with --ring, not
    // kept in a rotation.
    uint64_t failed = 0;
};

// What becomes of a trigger.
struct TriggerAnswer {
    bool extended = false;  // it makes the window at hand longer, and no file of its own
    std::string path;       // of the file that the window goes to, or of the first such file
    uint64_t until_ns = 0;  // when the window ends
};

class TriggeredFile : public CaptureFile {
  public:
    using Counters = std::vector<packet::InterfaceCounters>;

    // Sets where a file gets the counters up to now. Call it before begin().
    virtual void counters_from(std::function<Counters()> counters) = 0;

    // Saves the packets of the window around the trigger: those that are here and those to come.
    // Not before begin(). An error leaves the recorder at work.
    virtual capture::Result<TriggerAnswer> trigger(const Trigger& trigger) = 0;

    virtual FileStatus status() const = 0;

    // Whether there is something to write, so that the next round is to begin at once.
    virtual bool busy() const { return false; }

  protected:
    // How far behind the time of a round's start the packets may lie that it leaves for the next
    // one: Merge::kSlackNs, and what two readings of the clocks differ by.
    static constexpr uint64_t kMargin = 10'000'000;

    // How many triggers get a comment in one file, besides the one that it was begun for.
    static constexpr uint64_t kMostNotes = 64;
};

}  // namespace cmd
