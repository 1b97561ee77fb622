// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/event_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "packet/event/frame.h"

namespace capture {
namespace {

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
        return pcapng::Error{fmt::format("{}: it is given twice", name), EEXIST};
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
    writers_.clear();
}

uint64_t EventSet::missed() const {
    uint64_t missed = missed_;
    for (const auto& writer : writers_) {
        missed += writer->missed();
    }
    return missed;
}

}  // namespace capture
