// SPDX-License-Identifier: GPL-2.0-only
//
// RecordLink: lines to a collector that listens on a stream socket, and may go away and come back.
// Keeps each line until the other side has taken it (of a Unix socket: has read it; over TCP: its
// kernel has acknowledged it), and sends it again if the connection ends before: so a line may come
// twice, and none is missed without a count. What doesn't fit into the buffer is lost, is counted,
// and a line tells the collector. Never waits, but in drain(). One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cmd/records/collector_address.h"
#include "forensics/meter/flow_record.h"

namespace cmd {

class RecordLink {
  public:
    using Clock = std::chrono::steady_clock;
    // Makes the line that tells of lost records.
    using LostLine = std::function<std::string(const forensics::LostRecords&)>;

    static constexpr size_t kBufferBytes = size_t{16} << 20;
    static constexpr std::chrono::milliseconds kFirstWait{100};  // before another try; then twice
    static constexpr std::chrono::milliseconds kLongestWait{10'000};

    RecordLink(CollectorAddress address, LostLine lost_line, size_t buffer_bytes = kBufferBytes)
        : address_(std::move(address)),
          lost_line_(std::move(lost_line)),
          buffer_bytes_(buffer_bytes) {}

    // Adds a line, which ends with a line break. `what` it tells of, if it is lost.
    void add(std::string line, const forensics::LostRecords& what);
    // Connects if that is due, and writes what the socket takes.
    void serve(Clock::time_point now);
    // When serve() is due without a new line; -1: never.
    int milliseconds_left(Clock::time_point now) const;
    // Waits until everything was taken, nothing was for `patience`, or `most` is over.
    void drain(std::chrono::milliseconds patience, std::chrono::milliseconds most) {
        tell_lost();
        wait_for(0, patience, most);
    }
    // The same until half of the buffer is free, for who can wait as long as something is taken.
    void make_room(std::chrono::milliseconds patience) {
        wait_for(buffer_bytes_ / 2, patience, std::chrono::milliseconds::max());
    }

    // What was lost for want of room, and what waits.
    const forensics::LostRecords& lost() const { return lost_; }
    forensics::LostRecords waiting() const;
    // Connections made and broken, since the last call.
    std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }

  private:
    struct Line {
        std::string text;
        forensics::LostRecords what;
    };
    enum class State { kApart, kConnecting, kConnected };

    void wait_for(size_t bytes, std::chrono::milliseconds patience, std::chrono::milliseconds most);
    void tell_lost();
    void push(std::string line, const forensics::LostRecords& what);
    void connect(Clock::time_point now);
    void connected();
    void broken(Clock::time_point now, int code);
    bool finish_connecting(Clock::time_point now);
    void write(Clock::time_point now);
    void confirm(Clock::time_point now);

    CollectorAddress address_;
    LostLine lost_line_;
    size_t buffer_bytes_;
    State state_ = State::kApart;
    pcapng::Fd fd_;
    Clock::time_point next_try_{};
    std::chrono::milliseconds wait_ = kFirstWait;
    std::deque<Line> lines_;
    size_t bytes_ = 0;  // of lines_
    // Of this connection: how many of lines_ it has got whole, and how much of the next one; the
    // bytes that it got, and those of lines that were taken.
    size_t written_ = 0;
    size_t offset_ = 0;
    uint64_t sent_bytes_ = 0;
    uint64_t taken_bytes_ = 0;
    uint64_t taken_ = 0;  // lines ever
    forensics::LostRecords lost_;
    forensics::LostRecords untold_;  // of lost_, no line tells yet
    bool complained_ = false;        // that there is no connection
    std::vector<std::string> notices_;
};

}  // namespace cmd
