// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/report/process_usage.h"

#include <algorithm>
#include <tuple>

namespace forensics {
namespace {

using Series = ProcessUsage::Series;

constexpr unsigned kBits = 64;  // of a time: a span of this width holds them all

uint64_t most_memory(const Series& series) {
    uint64_t most = 0;
    for (const UsagePoint& point : series.points) {
        most = std::max(most, point.rss_bytes);
    }
    return most;
}

bool is_larger(const Series& one, const Series& other) {
    return std::tuple(one.cpu_ns, most_memory(one), other.process->number) >
           std::tuple(other.cpu_ns, most_memory(other), one.process->number);
}

void merge(UsagePoint& into, const UsagePoint& from) {
    into.from_ns = std::min(into.from_ns, from.from_ns);
    into.to_ns = std::max(into.to_ns, from.to_ns);
    into.interval_ns += from.interval_ns;
    into.cpu_ns += from.cpu_ns;
    into.rss_bytes = std::max(into.rss_bytes, from.rss_bytes);
}

void append(Series& series, const UsagePoint& point) {
    const auto span_of = [&](const UsagePoint& of) {
        return series.width < kBits ? of.to_ns >> series.width : 0;
    };
    if (!series.points.empty() && span_of(series.points.back()) == span_of(point)) {
        merge(series.points.back(), point);
    } else {
        series.points.push_back(point);
    }
}

void widen(Series& series) {
    const std::vector<UsagePoint> points = std::move(series.points);
    series.points = {};
    ++series.width;
    for (const UsagePoint& point : points) {
        append(series, point);
    }
}

}  // namespace

void ProcessUsage::add(const Packet& event, const packet::ProcessSample& sample) {
    const Process* process = event.self.process;
    if (process == nullptr || !event.time_ns) {
        return;
    }
    if (series_.size() == kMost && !series_.contains(process)) {
        leave_out_half();
    }
    Series& series = series_[process];
    series.process = process;
    UsagePoint point{.from_ns = *event.time_ns,
                     .to_ns = *event.time_ns,
                     .interval_ns = 0,
                     .cpu_ns = 0,
                     .rss_bytes = sample.rss_bytes};
    if (sample.interval) {
        point.interval_ns = std::min(sample.interval->length_ns, point.to_ns);
        point.from_ns -= point.interval_ns;
        point.cpu_ns = sample.interval->cpu_ns;
    }
    series.cpu_ns += point.cpu_ns;
    append(series, point);
    // More than once for times that go back and forth, as a hostile file's may.
    while (series.points.size() > kPoints) {
        widen(series);
    }
}

std::vector<Series> ProcessUsage::largest(size_t most) const {
    std::vector<const Series*> sorted;
    for (const auto& [process, series] : series_) {
        sorted.push_back(&series);
    }
    std::sort(sorted.begin(), sorted.end(),
              [](const Series* one, const Series* other) { return is_larger(*one, *other); });
    sorted.resize(std::min(sorted.size(), most));
    std::vector<Series> all;
    all.reserve(sorted.size());
    for (const Series* series : sorted) {
        all.push_back(*series);
    }
    return all;
}

void ProcessUsage::leave_out_half() {
    std::vector<Series> kept = largest(kMost / 2);
    left_out_ += series_.size() - kept.size();
    series_.clear();
    for (Series& series : kept) {
        const Process* process = series.process;
        series_.emplace(process, std::move(series));
    }
}

}  // namespace forensics
