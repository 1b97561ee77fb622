// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/timeline.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace forensics {
namespace {

using Bytes = std::vector<uint64_t>;

void count(Timeline::Series& series, Timeline::Lane lane, size_t span, uint64_t bytes) {
    Bytes& lane_bytes = series.bytes[static_cast<size_t>(lane)];
    if (lane_bytes.size() <= span) {
        lane_bytes.resize(span + 1);
    }
    lane_bytes[span] += bytes;
}

void add_all(const Timeline::Series& from, Timeline::Series& to) {
    for (size_t lane = 0; lane < Timeline::kLanes; ++lane) {
        for (size_t span = 0; span < from.bytes[lane].size(); ++span) {
            count(to, static_cast<Timeline::Lane>(lane), span, from.bytes[lane][span]);
        }
    }
}

// Pairs of spans become one; `odd`: the first one is a pair's second half.
void halve(Bytes& bytes, bool odd) {
    Bytes halved((bytes.size() + (odd ? 1 : 0) + 1) / 2);
    for (size_t span = 0; span < bytes.size(); ++span) {
        halved[(span + (odd ? 1 : 0)) / 2] += bytes[span];
    }
    bytes = std::move(halved);
}

}  // namespace

uint64_t Timeline::Series::total() const {
    uint64_t sum = 0;
    for (const Bytes& lane : bytes) {
        sum = std::accumulate(lane.begin(), lane.end(), sum);
    }
    return sum;
}

void Timeline::add(const Packet& packet, const Counted& counted) {
    if (!packet.time_ns) {
        return;
    }
    if (counted.before) {
        // The span is as wide as when it was counted, or holds that one.
        const size_t before = span_of(counted.before->time_ns);
        unattributed_.bytes[static_cast<size_t>(Lane::kEither)][before] -= counted.before->length;
    }
    if (!packet.attributed()) {
        if (!counted.again) {
            count(unattributed_, Lane::kEither, span_of(*packet.time_ns), packet.wire_length);
        }
        return;
    }
    const size_t span = span_of(*packet.time_ns);
    const Ends& ends = counted.ends;
    add_end(ends.sender, Lane::kSent, span, packet.wire_length);
    add_end(ends.receiver, Lane::kReceived, span, packet.wire_length);
    add_end(ends.either, Lane::kEither, span, packet.wire_length);
}

void Timeline::add_end(const End* end, Lane lane, size_t span, uint32_t bytes) {
    if (end != nullptr && end->process != nullptr) {
        count(series_of(*end->process), lane, span, bytes);
    }
}

// Returns the index of the span that holds the time, and makes room for it. Times may come in any
// order.
size_t Timeline::span_of(uint64_t time_ns) {
    uint64_t at = time_ns / width_ns_;
    if (spans_ == 0) {
        first_ = at;
        spans_ = 1;
    }
    while (std::max(first_ + spans_ - 1, at) - std::min(first_, at) >= kSpans) {
        widen();
        at = time_ns / width_ns_;
    }
    if (at < first_) {
        shift(static_cast<size_t>(first_ - at));
        first_ = at;
    }
    const auto span = static_cast<size_t>(at - first_);
    spans_ = std::max(spans_, span + 1);
    return span;
}

void Timeline::widen() {
    const bool odd = first_ % 2 == 1;
    const auto halve_all = [odd](Series& series) {
        for (Bytes& lane : series.bytes) {
            halve(lane, odd);
        }
    };
    std::for_each(apart_.begin(), apart_.end(), halve_all);
    halve_all(others_);
    halve_all(unattributed_);
    spans_ = (spans_ + (odd ? 1 : 0) + 1) / 2;
    first_ /= 2;
    width_ns_ *= 2;
}

void Timeline::shift(size_t spans) {
    const auto shift_all = [spans](Series& series) {
        for (Bytes& lane : series.bytes) {
            if (!lane.empty()) {
                lane.insert(lane.begin(), spans, 0);
            }
        }
    };
    std::for_each(apart_.begin(), apart_.end(), shift_all);
    shift_all(others_);
    shift_all(unattributed_);
    spans_ += spans;
}

Timeline::Series& Timeline::series_of(const Process& process) {
    if (place_.size() <= process.number) {
        place_.resize(process.number + 1);
    }
    if (place_[process.number] == 0) {
        if (apart_.size() == kApart) {
            fold_smallest();
        }
        apart_.push_back({.process = &process, .bytes = {}});
        place_[process.number] = apart_.size();
    }
    return apart_[place_[process.number] - 1];
}

// Moves the smaller half to "others" at once, so that a file with a process for each packet stays
// cheap. A process that appears again starts from 0; the little it had before stays in "others".
void Timeline::fold_smallest() {
    std::vector<std::pair<uint64_t, size_t>> by_size;
    for (size_t i = 0; i < apart_.size(); ++i) {
        by_size.emplace_back(apart_[i].total(), i);
    }
    std::sort(by_size.begin(), by_size.end());
    for (size_t i = 0; i < by_size.size() / 2; ++i) {
        Series& smallest = apart_[by_size[i].second];
        add_all(smallest, others_);
        place_[smallest.process->number] = 0;
        smallest.process = nullptr;
    }
    std::erase_if(apart_, [](const Series& series) { return series.process == nullptr; });
    for (size_t i = 0; i < apart_.size(); ++i) {
        place_[apart_[i].process->number] = i + 1;
    }
}

Timeline::Traffic Timeline::traffic(size_t top) const {
    Traffic traffic{
        .start_ns = first_ * width_ns_,
        .width_ns = spans_ == 0 ? 0 : width_ns_,
        .spans = spans_,
        .processes = {},
        .others = others_,
        .unattributed = unattributed_,
    };
    std::vector<std::pair<uint64_t, size_t>> by_size;
    for (size_t i = 0; i < apart_.size(); ++i) {
        by_size.emplace_back(apart_[i].total(), i);
    }
    std::sort(by_size.begin(), by_size.end(),
              [](const auto& a, const auto& b) { return a.first > b.first; });
    for (size_t i = 0; i < by_size.size(); ++i) {
        const Series& series = apart_[by_size[i].second];
        if (i < top) {
            traffic.processes.push_back(series);
        } else {
            add_all(series, traffic.others);
        }
    }
    return traffic;
}

}  // namespace forensics
