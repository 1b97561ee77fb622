// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/plaintext_count.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <variant>

#include "packet/event/frame.h"
#include "packet/event/plaintext.h"
#include "packet/event/record.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

constexpr uint32_t kOthers = UINT32_MAX;

}  // namespace

pcapng::Result<void> PlaintextCount::packet(const packet::Packet& packet) {
    const packet::Process* process = packet.self.process;
    if (process == nullptr || !packet::is_plaintext(*packet.interface)) {
        return next_.packet(packet);
    }
    const bool has_room =
        processes_.size() < kMostProcesses || processes_.contains(process->number);
    Passed& passed = processes_[has_room ? process->number : kOthers];
    if (has_room) {
        passed.comm = process->comm;
        passed.pid = process->pid;
    }
    bool is_sent = false;
    if (const auto record = packet::event_record(packet)) {
        for (const packet::EventValue& value :
             packet::read_event(*packet.interface->event, *record)) {
            const std::string_view name = value.field->name;
            if (name == "library") {
                passed.library = packet::value_name(value);
            } else if (name == "direction") {
                is_sent = packet::value_name(value) == "sent";
            } else if (const auto* number = std::get_if<uint64_t>(&value.value);
                       number != nullptr && name == "missing") {
                passed.missing += *number;
            } else if (const auto* bytes = std::get_if<std::span<const uint8_t>>(&value.value);
                       bytes != nullptr && name == "bytes") {
                (is_sent ? passed.sent : passed.received) += bytes->size();
            }
        }
    }
    return next_.packet(packet);
}

std::vector<std::string> PlaintextCount::lines() const {
    std::vector<const Passed*> all;
    for (const auto& [number, passed] : processes_) {
        all.push_back(&passed);
    }
    std::ranges::stable_sort(all, std::ranges::greater{},
                             [](const Passed* one) { return one->sent + one->received; });
    std::vector<std::string> lines;
    for (const Passed* one : all) {
        const std::string who =
            one->pid == 0 ? "other processes"
                          : fmt::format("{} [{}]", packet::printable(one->comm), one->pid);
        lines.push_back(
            fmt::format("TLS plaintext: {}, {}: {} bytes sent, {} received{}", who, one->library,
                        one->sent, one->received,
                        one->missing > 0 ? fmt::format(", {} more left out", one->missing) : ""));
    }
    return lines;
}

}  // namespace cmd
