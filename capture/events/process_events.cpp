// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/process_events.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "capture/events/number_names.h"
#include "capture/processes/exec_payload.h"

namespace capture {
namespace {

using packet::EventField;
using packet::EventLayout;
using packet::EventRecord;
using packet::FieldKind;

constexpr const char* kExec = "process:exec";
constexpr const char* kFork = "process:fork";
constexpr const char* kExit = "process:exit";

EventField number(const char* name, uint32_t size) {
    return {name, FieldKind::kUnsigned, 0, size};
}

EventField text(const char* name) {
    return {name, FieldKind::kString, 0, packet::kLocatorSize};
}

EventLayout exec_layout() {
    return packet::lay_out({text("exe"), text("cmdline"), text("cwd"), number("uid", 4),
                            text("user"), number("ppid", 4), text("parent")});
}

EventLayout fork_layout() {
    return packet::lay_out({number("ppid", 4), text("parent"), text("exe"), text("cmdline")});
}

EventLayout exit_layout() {
    EventField signal = number("signal", 4);
    signal.values = signal_names();
    return packet::lay_out({number("exit_code", 4), std::move(signal), number("core_dumped", 1),
                            number("duration_ns", 8), number("cpu_ns", 8), number("peak_rss", 8),
                            text("exe")});
}

// How much longer the clock of process starts, which goes on while the machine sleeps, has run.
uint64_t slept_ns() {
    timespec mono{};
    timespec boot{};
    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    const auto ns = [](const timespec& time) {
        return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
    };
    return static_cast<uint64_t>(std::max<int64_t>(0, ns(boot) - ns(mono)));
}

void fill_end(const pidcap_event& event, EventRecord& record) {
    const auto status = static_cast<int>(event.exit_status);
    const bool killed = WIFSIGNALED(status);
    record.set_number("exit_code", killed ? 0U : static_cast<unsigned>(WEXITSTATUS(status)));
    record.set_number("signal", killed ? static_cast<unsigned>(WTERMSIG(status)) : 0U);
    record.set_number("core_dumped", killed && WCOREDUMP(status) ? 1U : 0U);
    const uint64_t end_boot = event.time_mono + slept_ns();
    record.set_number("duration_ns", end_boot > event.start_boot ? end_boot - event.start_boot : 0);
    record.set_number("cpu_ns", event.cpu_ns);
    record.set_number("peak_rss",
                      uint64_t{event.peak_pages} * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
}

pidcap_packet header_of(const pidcap_event& event, uint32_t number, size_t size) {
    pidcap_packet header{};
    header.time_mono = event.time_mono;
    header.interface.ifindex = number;
    header.wire_len = static_cast<uint32_t>(size);
    header.caplen = static_cast<uint32_t>(size);
    header.via = PIDCAP_VIA_EVENT;
    header.owner.start_boot = event.start_boot;
    header.owner.cgroup_id = event.cgroup_id;
    header.owner.tgid = event.tgid;
    header.owner.tid = event.tid;
    header.owner.uid = event.uid;
    header.owner.gid = event.gid;
    std::copy(std::begin(event.comm), std::end(event.comm), std::begin(header.owner.comm));
    return header;
}

}  // namespace

std::vector<std::pair<const char*, EventLayout>> process_event_layouts() {
    return {{kExec, exec_layout()}, {kFork, fork_layout()}, {kExit, exit_layout()}};
}

ProcessEvents::ProcessEvents(const EventSet& events)
    : exec_(take(events, kExec)), fork_(take(events, kFork)), exit_(take(events, kExit)) {}

std::optional<ProcessEvents::Taken> ProcessEvents::take(const EventSet& events, const char* name) {
    const EventSource* source = events.find(name);
    return source != nullptr ? std::optional(Taken{source->number, EventRecord(source->layout)})
                             : std::nullopt;
}

std::optional<ProcessEvents::Taken>* ProcessEvents::taken(uint32_t type) {
    switch (type) {
        case PIDCAP_EVENT_EXEC:
            return &exec_;
        case PIDCAP_EVENT_FORK:
            return &fork_;
        case PIDCAP_EVENT_EXIT:
            return &exit_;
        default:
            return nullptr;
    }
}

std::optional<ProcessEvents::Record> ProcessEvents::record(const pidcap_event& event,
                                                           std::span<const std::byte> payload,
                                                           const packet::Process& process) {
    auto* const taken = this->taken(event.type);
    if (taken == nullptr || !*taken) {
        return std::nullopt;
    }
    EventRecord& record = (*taken)->record;
    record.clear();
    record.set_text("exe", process.exe);
    if (event.type == PIDCAP_EVENT_EXIT) {
        fill_end(event, record);
    } else {
        record.set_text("cmdline", packet::joined_arguments(process));
        record.set_number("ppid", process.ppid.value_or(0));
        record.set_text("parent", process.parent_comm);
    }
    if (event.type == PIDCAP_EVENT_EXEC) {
        record.set_text("cwd", working_directory(event, payload));
        record.set_number("uid", event.uid);
        record.set_text("user", process.user);
    }
    const auto bytes = std::as_bytes(record.bytes());
    return Record{header_of(event, (*taken)->number, bytes.size()), bytes};
}

}  // namespace capture
