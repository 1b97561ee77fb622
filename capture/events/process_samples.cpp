// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/process_samples.h"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <utility>

#include "packet/event/process_sample.h"

namespace capture {
namespace {

using packet::EventField;
using packet::EventLayout;

constexpr uint64_t kNsPerMillisecond = 1'000'000;
// Read, and waiting for the round that hands over what came before.
constexpr int kPendingMilliseconds = 1;
// The first field of those that a process's first sample lacks.
constexpr std::string_view kInterval = "interval_ns";

EventField number(const char* name, uint32_t size) {
    return {name, packet::FieldKind::kUnsigned, 0, size};
}

// How long a first sample's record is.
size_t first_bytes_of(const EventLayout& layout) {
    const auto found = std::ranges::find(layout.fields, kInterval, &EventField::name);
    assert(found != layout.fields.end());
    return found->offset;
}

const EventSource& event_in(const EventSet& events) {
    const EventSource* source = events.find(std::string(packet::kSampleEvent));
    assert(source != nullptr);
    return *source;
}

// The kernel lets neither time fall (cputime_adjust() of kernel/sched/cputime.c); who imitates its
// /proc may.
uint64_t increase(uint64_t before, uint64_t after) {
    return after - std::min(before, after);
}

// Its leader may have ended before its other threads; then /proc has no memory of it any more.
bool is_alive(const ProcStat& stat) {
    return stat.state != 'Z' && stat.state != 'X';
}

}  // namespace

// What a first sample lacks stands at the end of the record, which is cut there; shown first is
// what people look for.
EventLayout ProcessSamples::layout() {
    EventLayout layout = packet::lay_out(
        {number("rss", 8), number("user_ns", 8), number("system_ns", 8), number("threads", 4),
         number("interval_ns", 8), number("interval_user_ns", 8), number("interval_system_ns", 8),
         number("cpu_percent", 4)});
    std::rotate(layout.fields.begin(), layout.fields.end() - 1, layout.fields.end());
    return layout;
}

ProcessSamples::ProcessSamples(const EventSet& events, const Settings& settings, Read read, Now now)
    : settings_(settings),
      read_(std::move(read)),
      now_(std::move(now)),
      number_(event_in(events).number),
      record_(event_in(events).layout),
      first_bytes_(first_bytes_of(*event_in(events).layout)) {}

void ProcessSamples::saw(uint32_t process) {
    if (last_seen_ != process) {
        known_[process].was_seen = true;
        last_seen_ = process;
    }
}

bool ProcessSamples::has_seen(uint32_t process) const {
    const auto known = known_.find(process);
    return known != known_.end() && known->second.was_seen;
}

void ProcessSamples::begin(std::span<const uint32_t> processes) {
    const auto interval = static_cast<uint64_t>(settings_.interval.count());
    const uint64_t now = now_();
    // Times that were missed are left out.
    next_ns_ = next_ns_ == 0 ? now + interval : now + interval - (now - next_ns_) % interval;
    last_seen_.reset();
    to_read_.assign(processes.begin(), processes.end());
    std::stable_partition(to_read_.begin(), to_read_.end(),
                          [this](uint32_t process) { return has_seen(process); });
    left_out_ = to_read_.size() - std::min(to_read_.size(), kMost);
    to_read_.resize(to_read_.size() - left_out_);
}

void ProcessSamples::read_some() {
    for (size_t left = kAtOnce; left > 0 && !to_read_.empty(); left--) {
        const uint32_t process = to_read_.front();
        to_read_.pop_front();
        const auto stat = read_(process);
        if (!stat || !is_alive(*stat)) {
            continue;
        }
        const uint64_t time = now_();
        Known& known = known_[process];
        samples_.push_back({time, process, record_of(*stat, time, known)});
        known.latest = *stat;
        known.latest_mono = time;
    }
}

std::vector<uint8_t> ProcessSamples::record_of(const ProcStat& stat, uint64_t time_mono,
                                               const Known& known) {
    const auto ns = [this](uint64_t ticks) { return ticks * settings_.ns_per_tick; };
    record_.clear();
    record_.set_number("rss", stat.resident_pages * settings_.page_bytes);
    record_.set_number("user_ns", ns(stat.user_ticks));
    record_.set_number("system_ns", ns(stat.system_ticks));
    record_.set_number("threads", stat.threads);
    const uint64_t interval = time_mono - known.latest_mono;
    if (!known.latest || interval == 0) {
        const auto bytes = record_.bytes().first(first_bytes_);
        return {bytes.begin(), bytes.end()};
    }
    const uint64_t user = ns(increase(known.latest->user_ticks, stat.user_ticks));
    const uint64_t system = ns(increase(known.latest->system_ticks, stat.system_ticks));
    record_.set_number("interval_ns", interval);
    record_.set_number("interval_user_ns", user);
    record_.set_number("interval_system_ns", system);
    record_.set_number("cpu_percent", (100 * (user + system) + interval / 2) / interval);
    const auto bytes = record_.bytes();
    return {bytes.begin(), bytes.end()};
}

int ProcessSamples::milliseconds_left() const {
    if (!to_read_.empty()) {
        return 0;
    }
    if (!samples_.empty()) {
        return kPendingMilliseconds;
    }
    const uint64_t now = now_();
    const uint64_t left = next_ns_ > now ? next_ns_ - now : 0;
    return static_cast<int>(
        std::min<uint64_t>((left + kNsPerMillisecond - 1) / kNsPerMillisecond, uint64_t{60'000}));
}

std::optional<ProcessSamples::Sample> ProcessSamples::take(uint64_t until_mono) {
    if (samples_.empty() || samples_.front().time_mono > until_mono) {
        return std::nullopt;
    }
    Sample sample = std::move(samples_.front());
    samples_.pop_front();
    return sample;
}

pidcap_packet ProcessSamples::header_of(const Sample& sample, const pidcap_owner& owner) const {
    pidcap_packet header{};
    header.time_mono = sample.time_mono;
    header.interface.ifindex = number_;
    header.wire_len = static_cast<uint32_t>(sample.record.size());
    header.caplen = static_cast<uint32_t>(sample.record.size());
    header.via = PIDCAP_VIA_EVENT;
    header.owner = owner;
    return header;
}

}  // namespace capture
