// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessSamples: CPU time and memory of processes at regular times, as events between the packets
// (docs/events.md). Each time it reads a bounded number of processes, a few between two rounds of
// the capture, so that the rings aren't left alone for long. A sample is kept until its turn in the
// order of time has come. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "bpf/contract.h"
#include "capture/events/event_set.h"
#include "capture/processes/procfs.h"
#include "packet/event/record.h"

namespace capture {

class ProcessSamples {
  public:
    // The most processes at a time; those with packets come first.
    static constexpr size_t kMost = 1024;
    // Read between two rounds: less than a millisecond's work.
    static constexpr size_t kAtOnce = 32;

    static packet::EventLayout layout();

    struct Settings {
        std::chrono::nanoseconds interval{};
        uint64_t ns_per_tick = 10'000'000;
        uint64_t page_bytes = 4096;
    };
    // Returns what /proc shows of the process with this number; see ProcessTable::stat_of().
    using Read = std::function<Result<ProcStat>(uint32_t process)>;
    // Returns the time now, on the clock of pidcap_packet.time_mono.
    using Now = std::function<uint64_t()>;

    // `events` must have the event packet::kSampleEvent.
    ProcessSamples(const EventSet& events, const Settings& settings, Read read, Now now);

    // The process with this number has had a packet, or another event.
    void saw(uint32_t process);
    bool has_seen(uint32_t process) const;
    // The number isn't used any more.
    void forget(uint32_t process) { known_.erase(process); }

    // Returns whether it is time for the next samples; then call begin(), with the processes that
    // are to be sampled this time.
    bool due() const { return now_() >= next_ns_; }
    void begin(std::span<const uint32_t> processes);
    // Reads up to kAtOnce of the processes whose turn it is.
    void read_some();
    // Returns how many milliseconds may pass until there is something to do.
    int milliseconds_left() const;

    struct Sample {
        uint64_t time_mono = 0;
        uint32_t process = 0;
        std::vector<uint8_t> record;
    };
    // Returns the earliest sample, if it was taken at `until_mono` or before.
    std::optional<Sample> take(uint64_t until_mono);
    // Returns a sample as the kernel's programs would have written it.
    pidcap_packet header_of(const Sample& sample, const pidcap_owner& owner) const;

    // Returns whether a record's interface is that of the samples.
    bool is_sample(const pidcap_interface& interface) const {
        return interface.netns == 0 && interface.ifindex == number_;
    }
    // Returns how many processes were left out the last time, because there were more than kMost.
    size_t left_out() const { return left_out_; }

  private:
    struct Known {
        bool was_seen = false;
        std::optional<ProcStat> latest = {};
        uint64_t latest_mono = 0;
    };

    std::vector<uint8_t> record_of(const ProcStat& stat, uint64_t time_mono, const Known& known);

    Settings settings_;
    Read read_;
    Now now_;
    uint32_t number_;
    packet::EventRecord record_;
    size_t first_bytes_;                         // of the record of a process's first sample
    std::unordered_map<uint32_t, Known> known_;  // by the process's number
    std::optional<uint32_t> last_seen_;          // a cache: most packets are of the same process
    std::deque<uint32_t> to_read_;
    std::deque<Sample> samples_;  // by time
    uint64_t next_ns_ = 0;
    size_t left_out_ = 0;
};

}  // namespace capture
