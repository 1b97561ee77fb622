// SPDX-License-Identifier: GPL-2.0-only
#include "tests/kernel/seen_events.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "forensics/source/source.h"
#include "packet/event/frame.h"
#include "packet/event/record.h"

namespace test {

std::vector<std::string> events(const std::string& choice, const std::string& file) {
    return {"--event", choice, "--no-packets", "-w", file};
}

std::string SeenEvent::text(const std::string& field) const {
    const auto found = values.find(field);
    return found != values.end() ? found->second : "";
}

uint64_t SeenEvent::number(const std::string& field) const {
    return std::strtoull(text(field).c_str(), nullptr, 10);
}

std::vector<SeenEvent> events_of(const std::string& file, const std::string& name) {
    auto source = forensics::Source::open(file);
    REQUIRE(source.ok());
    std::vector<SeenEvent> events;
    while (true) {
        const auto next = source->next();
        REQUIRE(next.ok());
        const packet::Packet* const packet = *next;
        if (packet == nullptr) {
            return events;
        }
        const auto record = packet::event_record(*packet);
        if (!record || (!name.empty() && packet->interface->name != name)) {
            continue;
        }
        SeenEvent event;
        event.name = packet->interface->name;
        event.via = packet::via_name(packet->self.via);
        event.time_ns = packet->time_ns.value_or(0);
        if (packet->self.process != nullptr) {
            event.pid = packet->self.process->pid;
            event.comm = packet->self.process->comm;
        }
        for (const packet::EventValue& value :
             packet::read_event(*packet->interface->event, *record)) {
            event.values[value.field->name] = packet::value_text(value);
        }
        events.push_back(std::move(event));
    }
}

std::vector<SeenEvent> events_of(const std::string& file, uint32_t pid, const std::string& name) {
    std::vector<SeenEvent> events = events_of(file, name);
    std::erase_if(events, [pid](const SeenEvent& event) { return event.pid != pid; });
    return events;
}

std::vector<Failure> failures_in(const std::vector<SeenEvent>& events, const char* where) {
    std::vector<Failure> failures;
    for (const SeenEvent& event : events) {
        failures.emplace_back(event.text("errno"), event.text(where), event.text("stage"));
    }
    std::sort(failures.begin(), failures.end());
    return failures;
}

}  // namespace test
