// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/ring_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "cmd/file_statistics.h"
#include "cmd/spooled_file.h"

namespace cmd {
namespace {

using capture::Error;
using capture::Result;
using packet::PacketStore;

// How long a round may write. The rings of the kernel fill meanwhile.
constexpr uint64_t kWriteNs = 5'000'000;
// The ring's size to that of the keys beside it. A handshake takes some 5 KB of packets, and its
// keys a fifth of that, but most of a ring is no handshakes.
constexpr uint64_t kPerKeys = 8;
constexpr int kRecordsPerLook = 64;  // at the clock

uint64_t time_of(const PacketStore::Record& record) {
    if (const auto* packet = std::get_if<packet::Packet>(&record)) {
        return packet->time_ns.value_or(0);
    }
    return std::get<packet::ProcessEvent>(record).time_ns;
}

std::string seconds_text(uint64_t ns) {
    return fmt::format("{:.1f} s", static_cast<double>(ns) / 1e9);
}

}  // namespace

Result<std::unique_ptr<RingFile>> RingFile::open(const std::string& output,
                                                 const RecorderOptions& recorder,
                                                 const RotationOptions& spool,
                                                 const capture::FileOptions& file,
                                                 const StopSignals& signals) {
    const FilePattern pattern = split_pattern(output);
    auto opened = Spool::open(pattern, spool, signals);
    if (!opened) {
        return std::move(opened).error();
    }
    return std::unique_ptr<RingFile>(
        new RingFile(*std::move(opened), pattern.name, recorder, spool, file));
}

RingFile::RingFile(Spool spool, std::string pattern, const RecorderOptions& recorder,
                   const RotationOptions& options, const capture::FileOptions& file)
    : spool_(std::move(spool)),
      pattern_(std::move(pattern)),
      span_(recorder.window),
      file_options_(file),
      store_(*recorder.ring),
      keys_(*recorder.ring / kPerKeys),
      free_space_(spool_, options.keep_free) {
    store_.before_eviction([this](uint64_t chunk) {
        follow([this, chunk] { return window_->cursor.chunk <= chunk; });
    });
}

Result<void> RingFile::begin(const std::string& origin) {
    origin_ = origin;
    history_.add(clock_.now(), counters_());
    return {};
}

Result<void> RingFile::interface(const packet::Interface& interface) {
    store_.add_interface(interface);
    return {};
}

Result<void> RingFile::packet(const packet::Packet& packet) {
    store_.add(packet);
    return {};
}

Result<void> RingFile::process(const packet::ProcessEvent& event) {
    if (file_options_.process_blocks) {
        store_.add(event);
    }
    return {};
}

Result<void> RingFile::keys(std::span<const packet::KeyLogLine> lines) {
    const auto due = keys_.add(lines, clock_.now());
    if (window_) {
        if (auto written = window_->sink->keys(due); !written) {
            give_up(written.error());
        }
    }
    return {};
}

// See RotatingFile::idle() for what has come by then.
Result<void> RingFile::idle() {
    const uint64_t time = clock_.now();
    const uint64_t before = std::exchange(idle_before_, time - kMargin);
    if (history_.due(time)) {
        history_.add(time, counters_());
        const uint64_t oldest = store_.fill().oldest_ns;
        history_.forget_before(window_ ? std::min(window_->from_ns, oldest) : oldest);
    }
    follow_for_a_while();
    if (window_ && !behind_ && before >= window_->until_ns) {
        close_window(counters_());
    }
    if (window_) {
        if (auto flushed = window_->sink->idle(); !flushed) {
            give_up(flushed.error());
        } else {
            free_space_.keep(window_->sink->fd());
        }
    }
    return {};
}

// Writes what the window has in memory, record by record, as long as more() is true.
template <typename More>
void RingFile::follow(More more) {
    while (window_ && more()) {
        PacketStore::Cursor cursor = window_->cursor;
        const auto record = store_.next(cursor);
        if (!record) {
            behind_ = false;
            return;
        }
        if (time_of(*record) >= window_->until_ns) {
            close_window(counters_());
            return;
        }
        window_->cursor = cursor;
        if (auto written = write(*record); !written) {
            give_up(written.error());
        }
    }
}

void RingFile::follow_for_a_while() {
    behind_ = window_.has_value();
    const uint64_t until = capture::clock_ns(CLOCK_MONOTONIC) + kWriteNs;
    int records = 0;
    follow([&] {
        return ++records % kRecordsPerLook != 0 || capture::clock_ns(CLOCK_MONOTONIC) < until;
    });
    behind_ = behind_ && window_.has_value();
}

Result<void> RingFile::write(const PacketStore::Record& record) {
    if (const auto* event = std::get_if<packet::ProcessEvent>(&record)) {
        return window_->sink->process(*event);
    }
    const auto& packet = std::get<packet::Packet>(record);
    const uint32_t number = packet.interface->number;
    window_->written.resize(std::max<size_t>(window_->written.size(), number + size_t{1}));
    if (auto written = window_->sink->keys(keys_.before(packet)); !written) {
        return written;
    }
    if (auto written = window_->sink->packet(packet); !written) {
        return written;
    }
    window_->written[number]++;
    window_->packets++;
    return {};
}

Result<void> RingFile::open_window(const Trigger& trigger) {
    const std::string name = trigger_file_name(pattern_, trigger);
    capture::FileOptions options = file_options_;
    options.section_comments.push_back(trigger_comment(trigger, span_));
    auto file = begin_spooled_file(
        spool_, free_space_, [&] { return spool_.begin_new(name); }, options, origin_);
    if (!file) {
        return std::move(file).error();
    }
    Window window;
    window.name = std::move(file->name);
    window.sink = std::move(file->sink);
    window.from_ns = span_.from_ns(trigger.time_ns);
    window.cursor = store_.find(window.from_ns);
    keys_.begin_file(window.from_ns);
    window_ = std::move(window);
    return {};
}

Result<TriggerAnswer> RingFile::trigger(const Trigger& trigger) {
    const uint64_t until = span_.until_ns(trigger.time_ns);
    // Where the window at hand ends before this one begins, it is only late with its writing.
    if (window_ && window_->until_ns < span_.from_ns(trigger.time_ns)) {
        follow([] { return true; });
        if (window_) {
            close_window(counters_());
        }
    }
    const bool extended = window_.has_value();
    if (extended) {
        if (window_->extended++ < kMostNotes) {
            window_->sink->add_note(trigger_comment(trigger, span_));
        }
    } else if (auto opened = open_window(trigger); !opened) {
        return std::move(opened).error();
    }
    window_->until_ns = std::max(window_->until_ns, until);
    behind_ = true;
    return TriggerAnswer{extended, spool_.path_of(window_->name), window_->until_ns};
}

Result<void> RingFile::finish_sink(const Counters& now) {
    CounterHistory::Since since = history_.since(window_->from_ns, now);
    window_->written.resize(since.counters.size());
    for (size_t i = 0; i < since.counters.size(); i++) {
        since.counters[i].captured = window_->written[i];
    }
    window_->sink->counts_from(since.time_ns);
    if (auto finished = finish_file(*window_->sink, store_.interfaces(), since.counters);
        !finished) {
        return finished;
    }
    auto completed = spool_.complete(window_->name);
    return completed.ok() ? Result<void>{} : std::move(completed).error();
}

void RingFile::close_window(const Counters& now) {
    if (auto finished = finish_sink(now); !finished) {
        give_up(finished.error());
        return;
    }
    complete_++;
    packets_ += window_->packets;
    last_ = spool_.path_of(window_->name);
    const std::string more = window_->extended > 0
                                 ? fmt::format(", made longer by {} more trigger{}",
                                               window_->extended, window_->extended == 1 ? "" : "s")
                                 : std::string();
    notices_.push_back(fmt::format("{}: {} packets{}", last_, window_->packets, more));
    window_.reset();
    behind_ = false;
}

// The recorder goes on without this file, whose name stays NAME.part.
void RingFile::give_up(const Error& error) {
    failed_++;
    notices_.push_back(
        fmt::format("{}; the file is incomplete, and the capture goes on", error.message));
    window_.reset();
    behind_ = false;
}

Result<void> RingFile::finish(const Counters& counters) {
    if (window_) {
        const uint64_t until = window_->until_ns;
        follow([] { return true; });
        if (window_) {
            const uint64_t end = clock_.now();
            close_window(counters);
            if (until > end) {
                notices_.push_back(
                    fmt::format("the capture ended {} before the time after that trigger",
                                seconds_text(until - end)));
            }
        }
    }
    free_space_.finish();
    const PacketStore::Fill fill = store_.fill();
    notices_.push_back(
        fmt::format("{} file{} of triggers with {} packets; {} packets left the ring, "
                    "{} were in it",
                    complete_, complete_ == 1 ? "" : "s", packets_, fill.left, fill.packets));
    return {};
}

std::vector<std::string> RingFile::take_notices() {
    std::vector<std::string> notices = free_space_.take_notices();
    std::ranges::move(std::exchange(notices_, {}), std::back_inserter(notices));
    return notices;
}

FileStatus RingFile::status() const {
    FileStatus status;
    status.complete = complete_;
    status.last = last_;
    status.packets = packets_;
    status.failed = failed_;
    status.ring = store_.fill();
    if (window_) {
        status.current = spool_.path_of(window_->name) + ".part";
        status.current_bytes = window_->sink->bytes();
        status.packets += window_->packets;
        status.window_until = window_->until_ns;
    }
    return status;
}

}  // namespace cmd
