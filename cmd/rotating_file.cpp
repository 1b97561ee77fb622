// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/rotating_file.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "capture/zstd_compressor.h"
#include "cmd/status_line.h"
#include "packet/line/terminal_text.h"
#include "pcapng/output.h"

namespace cmd {
namespace {

using capture::Result;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kWorthFlushing = uint64_t{64} * 1024;
constexpr uint64_t kCheckEvery = kSecond / 4;
constexpr uint64_t kTellEvery = 60 * kSecond;

// How far behind the time of a round's start the packets may lie that it leaves for the next one:
// Merge::kSlackNs, and what two readings of the clocks differ by.
constexpr uint64_t kMargin = 10'000'000;

bool any(const packet::InterfaceCounters& counters) {
    return counters.captured > 0 || counters.filtered > 0 ||
           std::any_of(counters.dropped.begin(), counters.dropped.end(),
                       [](uint64_t count) { return count > 0; });
}

bool is_full(int code) {
    return code == ENOSPC || code == EDQUOT;
}

}  // namespace

Result<std::unique_ptr<RotatingFile>> RotatingFile::open(const std::string& output,
                                                         const RotationOptions& rotation,
                                                         const capture::FileOptions& file,
                                                         const StopSignals& signals) {
    const FilePattern pattern = split_pattern(output);
    auto spool = Spool::open(pattern, rotation, signals);
    if (!spool) {
        return std::move(spool).error();
    }
    return std::unique_ptr<RotatingFile>(
        new RotatingFile(*std::move(spool), pattern.name, rotation, file));
}

uint64_t RotatingFile::now() {
    clock_.update();
    return clock_.from_mono(capture::clock_ns(CLOCK_MONOTONIC));
}

Result<void> RotatingFile::noted(Result<void> result) {
    if (!result && !failure_) {
        failure_ = result.error();
    }
    return result;
}

Result<void> RotatingFile::begin(const std::string& origin) {
    origin_ = origin;
    rotation_.emplace(options_, pattern_, now());
    if (rotation_->repeats()) {
        notices_.emplace_back(
            "-G: the name of -w has too little of the time in it: files will replace earlier ones");
    }
    return noted(open_next());
}

Result<void> RotatingFile::open_next() {
    const std::string name = rotation_->name();
    auto fd = spool_.begin(name);
    while (!fd && is_full(fd.error().code) && remove_oldest("the disk is full")) {
        fd = spool_.begin(name);
    }
    if (!fd) {
        return std::move(fd).error();
    }
    auto output = pcapng::Output::from_fd(*std::move(fd), spool_.path_of(name) + ".part");
    output.on_full([this] { return remove_oldest("the disk is full").has_value(); });
    if (file_options_.compress) {
        output.compress_with(capture::make_zstd_compressor());
    }
    auto sink = capture::FileSink::create(std::move(output), file_options_, origin_);
    if (!sink) {
        return std::move(sink).error();
    }
    sink_ = std::make_unique<capture::FileSink>(*std::move(sink));
    return {};
}

// Returns what has been counted since the last cut, and counts from here on. What was captured is
// what this file has: the packet under way, which is already counted, comes after the cut.
RotatingFile::Counters RotatingFile::since_cut(Counters counters) {
    before_.resize(counters.size());
    written_.resize(counters.size());
    Counters since = counters;
    for (size_t i = 0; i < counters.size(); i++) {
        since[i].captured = std::exchange(written_[i], 0);
        since[i].captured_bytes = 0;  // no block has them
        since[i].filtered -= before_[i].filtered;
        for (size_t cause = 0; cause < packet::kDropCauses; cause++) {
            since[i].dropped[cause] -= before_[i].dropped[cause];
        }
    }
    before_ = std::move(counters);
    return since;
}

// Ends the file at hand: every interface that has something to tell is in it. Tools refuse a file
// without any, so there is one in a file without packets, too.
Result<void> RotatingFile::close(Counters counters) {
    const Counters since = since_cut(std::move(counters));
    bool none = true;
    for (const packet::Interface& interface : interfaces_) {
        if (interface.number < since.size() && any(since[interface.number])) {
            none = false;
            if (auto told = sink_->interface(interface); !told) {
                return told;
            }
        }
    }
    if (none && !interfaces_.empty()) {
        if (auto told = sink_->interface(interfaces_.front()); !told) {
            return told;
        }
    }
    if (auto finished = sink_->finish(since); !finished) {
        return finished;
    }
    sink_.reset();
    const std::string name = rotation_->name();
    if (auto completed = spool_.complete(name); !completed) {
        return completed;
    }
    complete_++;
    last_ = spool_.path_of(name);
    return {};
}

// Goes on in the next file if the time says so.
Result<void> RotatingFile::cut_if_due(uint64_t time_ns) {
    if (!rotation_->due(time_ns) || rotation_->end()) {
        return {};
    }
    if (auto closed = close(counters_()); !closed) {
        return closed;
    }
    rotation_->cut_by_time(time_ns);
    return open_next();
}

// Goes on in the next file if this one is large enough. How large a compressed one is shows only
// when the compressor is flushed; that costs compression, and isn't done for little.
Result<void> RotatingFile::cut_if_full() {
    const uint64_t held_back = sink_->held_back();
    if (held_back >= kWorthFlushing && rotation_->full(sink_->bytes() + held_back)) {
        if (auto flushed = sink_->flush(); !flushed) {
            return flushed;
        }
    }
    if (!rotation_->full(sink_->bytes())) {
        return {};
    }
    if (auto closed = close(counters_()); !closed) {
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
    if (auto cut = noted(cut_if_full()); !cut) {
        unwritten_++;
        return cut;
    }
    const uint32_t number = packet.interface->number;
    written_.resize(std::max<size_t>(written_.size(), number + size_t{1}));
    written_[number]++;
    return noted(sink_->packet(packet));
}

Result<void> RotatingFile::process(const packet::ProcessEvent& event) {
    return failure_ ? Result<void>{} : noted(sink_->process(event));
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
    keep_free();
    const uint64_t before = std::exchange(idle_before_, now() - kMargin);
    if (before > 0 && rotation_->set_back(before)) {
        notices_.emplace_back(
            "the clock was set back: files from now on replace earlier ones of the same name");
    }
    ended_ = ended_ || (rotation_->end() && rotation_->due(before));
    return noted(cut_if_due(before));
}

Result<void> RotatingFile::finish(const Counters& counters) {
    if (failure_ || sink_ == nullptr) {
        return {};
    }
    auto closed = noted(close(counters));
    if (removed_ > 0) {
        notices_.push_back(fmt::format("{} more older files removed for --keep-free", removed_));
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
    options_.keep_free = rotation.keep_free;
    rotation_->change(options_);
}

std::vector<std::string> RotatingFile::take_notices() {
    return std::exchange(notices_, {});
}

// Removes the oldest file, if that is wanted. Returns its bytes, or nullopt if there is none.
std::optional<uint64_t> RotatingFile::remove_oldest(const std::string& why) {
    if (!options_.keep_free) {
        return std::nullopt;
    }
    const auto removed = spool_.remove_oldest();
    if (!removed || !*removed) {
        return std::nullopt;
    }
    const uint64_t bytes = (*removed)->bytes;
    const uint64_t time = capture::clock_ns(CLOCK_MONOTONIC);
    if (time < next_told_) {
        removed_++;
        return bytes;
    }
    next_told_ = time + kTellEvery;
    notices_.push_back(fmt::format("{} removed: {}", (*removed)->name, why));
    if (const uint64_t more = std::exchange(removed_, 0); more > 0) {
        notices_.back() += fmt::format("; {} files before it, too", more);
    }
    return bytes;
}

// Some file systems count what was removed as free only later, so it is enough that the files
// removed had as many bytes as were missing.
void RotatingFile::keep_free() {
    const uint64_t time = capture::clock_ns(CLOCK_MONOTONIC);
    struct statvfs system {};
    if (!options_.keep_free || time < next_check_ || fstatvfs(sink_->fd(), &system) != 0) {
        return;
    }
    next_check_ = time + kCheckEvery;
    const uint64_t free = uint64_t{system.f_bavail} * system.f_frsize;
    const uint64_t wanted = *options_.keep_free;
    const std::string why = fmt::format("less than {} is free", size_text(wanted));
    for (uint64_t freed = 0; free + freed < wanted;) {
        const auto bytes = remove_oldest(why);
        if (!bytes) {
            if (!std::exchange(told_nothing_left_, true)) {
                notices_.push_back(why + ", and there is no older file to remove");
            }
            return;
        }
        freed += std::max<uint64_t>(*bytes, 1);
    }
    told_nothing_left_ = false;
}

}  // namespace cmd
