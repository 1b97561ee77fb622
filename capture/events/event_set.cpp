// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/event_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <thread>

#include "packet/event/frame.h"

namespace capture {
namespace {

// From so many events on, half a second's wait for normal grace periods, it is worth a machine-wide
// setting to shorten that.
constexpr size_t kManyEvents = 8;

constexpr size_t kMostThreads = 32;

// Addresses of the kernel are the upper half, on x86-64 and arm64. They tell where it keeps what,
// which it keeps to itself otherwise (kernel.kptr_restrict).
constexpr uint8_t kUpperHalf = 0x80;

void remove_addresses(const packet::EventLayout& layout, std::span<uint8_t> record) {
    for (const packet::EventField& field : layout.fields) {
        if (field.kind != packet::FieldKind::kPointer ||
            size_t{field.offset} + field.size > record.size()) {
            continue;
        }
        const auto bytes = record.subspan(field.offset, field.size);
        if ((bytes.back() & kUpperHalf) != 0) {
            std::fill(bytes.begin(), bytes.end(), uint8_t{0});
        }
    }
}

}  // namespace

Result<uint32_t> EventSet::add(std::string name, packet::EventLayout layout,
                               std::optional<packet::EventCondition> condition) {
    if (find(name) != nullptr) {
        return pcapng::Error{fmt::format("{} is given twice", name), EEXIST};
    }
    if (sources_.size() >= kMost) {
        return pcapng::Error{fmt::format("more than {} events", kMost), ENOSPC};
    }
    const auto number = static_cast<uint32_t>(sources_.size() + 1);
    sources_.push_back({number, std::move(name),
                        std::make_shared<const packet::EventLayout>(std::move(layout)),
                        std::move(condition)});
    return number;
}

const EventSource* EventSet::find(const std::string& name) const {
    const auto found = std::find_if(sources_.begin(), sources_.end(),
                                    [&name](const EventSource& one) { return one.name == name; });
    return found != sources_.end() ? &*found : nullptr;
}

const EventSource* EventSet::at(uint32_t number) const {
    return number >= 1 && number <= sources_.size() ? &sources_[number - 1] : nullptr;
}

std::optional<std::span<const uint8_t>> EventSet::frame(uint32_t number,
                                                        std::span<const std::byte> record) {
    const EventSource* source = at(number);
    if (source == nullptr) {
        return std::nullopt;
    }
    const auto* bytes = reinterpret_cast<const uint8_t*>(record.data());
    record_.assign(bytes, bytes + record.size());
    if (source->complete) {
        source->complete(record_);
    }
    if (source->condition && !source->condition->holds(record_)) {
        return std::nullopt;
    }
    if (!keeps_addresses_) {
        remove_addresses(*source->layout, record_);
    }
    frame_.clear();
    packet::append_frame(frame_, record_);
    return frame_;
}

// A program that interrupts another one may have counted later, and come first.
uint32_t EventSet::newly_lost(uint32_t number, uint32_t cpu, uint32_t lost) {
    if (lost == 0) {
        return 0;
    }
    uint32_t& known = lost_[{number, cpu}];
    const uint32_t more = lost - known;
    if (more > INT32_MAX) {
        return 0;
    }
    known = lost;
    return more;
}

Result<void> EventSet::attach() {
    for (const auto& writer : writers_) {
        if (auto attached = writer->attach(); !attached) {
            return attached;
        }
    }
    return {};
}

void EventSet::detach() {
    missed_ = missed();
    std::optional<ExpeditedRcu> expedited;
    if (sources_.size() >= kManyEvents) {
        expedited.emplace(rcu_settings_);
    }
    // Newer kernels wait here for programs that may sleep (synchronize_rcu_tasks_trace() of
    // perf_event_detach_bpf_prog(), since Linux 6.13), which nothing expedites.
    std::vector<std::thread> threads;
    for (size_t first = 0; first < std::min(writers_.size(), kMostThreads); first++) {
        threads.emplace_back([this, first] {
            for (size_t i = first; i < writers_.size(); i += kMostThreads) {
                writers_[i].reset();
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    writers_.clear();
}

uint64_t EventSet::missed() const {
    uint64_t missed = missed_;
    for (const auto& writer : writers_) {
        missed += writer->missed();
    }
    return missed;
}

std::vector<std::string> EventSet::take_notices() {
    std::vector<std::string> notices;
    for (const auto& writer : writers_) {
        std::ranges::move(writer->take_notices(), std::back_inserter(notices));
    }
    return notices;
}

}  // namespace capture
