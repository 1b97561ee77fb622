// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/rotating_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "cmd/file_statistics.h"
#include "cmd/spooled_file.h"

namespace cmd {
namespace {

using capture::Result;

constexpr uint64_t kWorthFlushing = uint64_t{64} * 1024;

}  // namespace

Result<std::unique_ptr<RotatingFile>> RotatingFile::open(const std::string& output,
                                                         const RotationOptions& rotation,
                                                         const capture::FileOptions& file,
                                                         const TriggerWindow& window,
                                                         const StopSignals& signals) {
    const FilePattern pattern = split_pattern(output);
    auto spool = Spool::open(pattern, rotation, signals);
    if (!spool) {
        return std::move(spool).error();
    }
    return std::unique_ptr<RotatingFile>(
        new RotatingFile(*std::move(spool), pattern.name, rotation, file, window));
}

Result<void> RotatingFile::noted(Result<void> result) {
    if (!result && !failure_) {
        failure_ = result.error();
    }
    return result;
}

Result<void> RotatingFile::begin(const std::string& origin) {
    origin_ = origin;
    begun_ = clock_.now();
    rotation_.emplace(options_, pattern_, begun_);
    if (rotation_->repeats()) {
        notices_.emplace_back(
            "-G: the name of -w has too little of the time in it: files will replace earlier ones");
    }
    return noted(open_next());
}

Result<void> RotatingFile::open_next() {
    const std::string name = rotation_->name();
    auto file = begin_spooled_file(
        spool_, free_space_, [&] { return spool_.begin(name); }, file_options_, origin_);
    if (!file) {
        return std::move(file).error();
    }
    sink_ = std::move(file->sink);
    keys_.begin_file(begun_);
    kept_.gone(name);
    notes_ = 0;
    return {};
}

// Returns what has been counted since the last cut, and counts from here on. What was captured is
// what this file has: the packet under way, which is already counted, comes after the cut.
RotatingFile::Counters RotatingFile::since_cut(Counters counters) {
    before_.resize(counters.size());
    written_.resize(counters.size());
    Counters since(counters.size());
    for (size_t i = 0; i < counters.size(); i++) {
        since[i] = losses_since(before_[i], counters[i]);
        since[i].captured = std::exchange(written_[i], 0);
    }
    before_ = std::move(counters);
    return since;
}

// Ends the file at hand.
Result<void> RotatingFile::close(Counters counters, uint64_t until) {
    const Counters since = since_cut(std::move(counters));
    if (auto finished = finish_file(*sink_, interfaces_, since); !finished) {
        return finished;
    }
    sink_.reset();
    const std::string name = rotation_->name();
    const std::string keep_as = kept_.completing(name, begun_, until);
    auto completed = spool_.complete(name, keep_as);
    if (!completed) {
        return std::move(completed).error();
    }
    if (!keep_as.empty()) {
        note_kept(*completed, name);
    }
    if (kept_.ends_at(until)) {
        end_window();
    }
    begun_ = until;
    complete_++;
    last_ = spool_.path_of(name);
    return {};
}

// Goes on in the next file if the time says so.
Result<void> RotatingFile::cut_if_due(uint64_t time_ns) {
    if (!rotation_->due(time_ns) || rotation_->end()) {
        return {};
    }
    if (auto closed = close(counters_(), *rotation_->cut()); !closed) {
        return closed;
    }
    rotation_->cut_by_time(time_ns);
    return open_next();
}

// Goes on in the next file if this one is large enough. How large a compressed one is shows only
// when the compressor is flushed; that costs compression, and isn't done for little.
Result<void> RotatingFile::cut_if_full(uint64_t time_ns) {
    const uint64_t held_back = sink_->held_back();
    if (held_back >= kWorthFlushing && rotation_->full(sink_->bytes() + held_back)) {
        if (auto flushed = sink_->flush(); !flushed) {
            return flushed;
        }
    }
    if (!rotation_->full(sink_->bytes())) {
        return {};
    }
    if (auto closed = close(counters_(), time_ns); !closed) {
        return closed;
    }
    rotation_->cut_by_size();
    return open_next();
}

Result<void> RotatingFile::interface(const packet::Interface& interface) {
    assert(interface.number == interfaces_.size());
    interfaces_.push_back(interface);
    return {};
}

Result<void> RotatingFile::packet(const packet::Packet& packet) {
    assert(rotation_);
    if (failure_) {
        unwritten_++;
        return {};
    }
    if (auto cut = noted(cut_if_due(packet.time_ns.value_or(0))); !cut) {
        unwritten_++;
        return cut;
    }
    if (auto cut = noted(cut_if_full(packet.time_ns.value_or(0))); !cut) {
        unwritten_++;
        return cut;
    }
    if (auto keyed = noted(sink_->keys(keys_.before(packet))); !keyed) {
        unwritten_++;
        return keyed;
    }
    const uint32_t number = packet.interface->number;
    written_.resize(std::max<size_t>(written_.size(), number + size_t{1}));
    written_[number]++;
    packets_++;
    return noted(sink_->packet(packet));
}

Result<void> RotatingFile::process(const packet::ProcessEvent& event) {
    return failure_ ? Result<void>{} : noted(sink_->process(event));
}

Result<void> RotatingFile::keys(std::span<const packet::KeyLogLine> lines) {
    return failure_ ? Result<void>{} : noted(sink_->keys(keys_.add(lines, clock_.now())));
}

// A round hands over everything that was captured before it began, and ends with this call. So what
// is older than the previous call has come: a cut that lies before that misses none of it.
Result<void> RotatingFile::idle() {
    if (failure_) {
        return {};
    }
    if (auto flushed = noted(sink_->idle()); !flushed) {
        return flushed;
    }
    free_space_.keep(sink_->fd());
    const uint64_t before = std::exchange(idle_before_, clock_.now() - kMargin);
    ended_ = ended_ || (rotation_->end() && rotation_->due(before));
    return noted(cut_if_due(before));
}

Result<void> RotatingFile::finish(const Counters& counters) {
    if (failure_ || sink_ == nullptr) {
        return {};
    }
    if (auto keyed = noted(sink_->keys(keys_.rest())); !keyed) {
        return keyed;
    }
    auto closed = noted(close(counters, clock_.now()));
    free_space_.finish();
    end_window();
    if (keys_.lost() > 0) {
        notices_.push_back(
            fmt::format("{} TLS keys are in no file: too many at once", keys_.lost()));
    }
    if (complete_ > 0) {
        notices_.push_back(
            fmt::format("{} file{}, the last one {}", complete_, complete_ == 1 ? "" : "s", last_));
    }
    return closed;
}

void RotatingFile::change(const RotationOptions& rotation) {
    options_.size = rotation.size;
    options_.interval = rotation.interval;
    free_space_.want(rotation.keep_free);
    rotation_->change(options_);
}

std::vector<std::string> RotatingFile::take_notices() {
    std::vector<std::string> notices = free_space_.take_notices();
    std::ranges::move(std::exchange(notices_, {}), std::back_inserter(notices));
    return notices;
}

Result<TriggerAnswer> RotatingFile::trigger(const Trigger& trigger) {
    if (failure_ || sink_ == nullptr) {
        return capture::Error{"no file is being written"};
    }
    const bool extended = kept_.until().has_value();
    if (!extended) {
        kept_now_ = 0;
    }
    // With --trigger, this may come with each packet: the name takes time, and is used once a
    // window.
    const std::string kept_as = extended ? std::string() : trigger_file_name(pattern_, trigger);
    for (const std::string& file : kept_.trigger(trigger.time_ns, kept_as)) {
        note_kept(spool_.keep(file, kept_.kept_as()), file);
    }
    if (notes_++ < kMostNotes) {
        sink_->add_note(trigger_comment(trigger, window_));
    }
    return TriggerAnswer{extended, spool_.path_of(kept_.kept_as()), *kept_.until()};
}

void RotatingFile::note_kept(const Result<std::string>& kept, const std::string& file) {
    if (kept) {
        kept_now_++;
        return;
    }
    failed_++;
    notices_.push_back(fmt::format("{} can't be kept for a trigger: {}", spool_.path_of(file),
                                   kept.error().message));
}

void RotatingFile::end_window() {
    if (const auto until = kept_.until()) {
        notices_.push_back(fmt::format("{}: {} file{} kept", spool_.path_of(kept_.kept_as()),
                                       kept_now_, kept_now_ == 1 ? "" : "s"));
        kept_.end_window();
    }
}

FileStatus RotatingFile::status() const {
    FileStatus status;
    status.complete = complete_;
    status.last = last_;
    status.packets = packets_;
    status.failed = failed_;
    if (sink_ != nullptr) {
        status.current = spool_.path_of(rotation_->name()) + ".part";
        status.current_bytes = sink_->bytes();
    }
    status.window_until = kept_.until();
    return status;
}

}  // namespace cmd
