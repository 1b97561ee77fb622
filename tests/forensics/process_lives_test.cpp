// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/report/process_lives.h"

#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "forensics/report/report.h"
#include "packet/event/frame.h"

using forensics::Process;
using forensics::ProcessLives;
using forensics::ProcessTraffic;
using forensics::Report;
using forensics::ReportedEvents;

namespace {

constexpr uint64_t kStart = 1'763'650'000'000'000'000;

std::deque<Process> processes(uint32_t count) {
    std::deque<Process> made(count);
    for (uint32_t i = 0; i < count; ++i) {
        made[i].number = i;
        made[i].pid = 100 + i;
    }
    return made;
}

// An event of a layout without fields.
void add(ReportedEvents& events, const std::string& name, const Process& process, uint64_t time) {
    static const std::vector<uint8_t> frame = [] {
        std::vector<uint8_t> made;
        packet::append_frame(made, {});
        return made;
    }();
    forensics::Interface interface;
    interface.name = name;
    interface.event = std::make_shared<const packet::EventLayout>();
    forensics::Packet event;
    event.time_ns = time;
    event.interface = &interface;
    event.data = frame;
    event.self.process = &process;
    events.add(event);
}

std::deque<ProcessTraffic> traffic_of(const std::deque<Process>& all) {
    std::deque<ProcessTraffic> traffic;
    for (const Process& process : all) {
        traffic.emplace_back().process = &process;
    }
    return traffic;
}

}  // namespace

TEST_CASE("a life begins with the process, or its fork, and ends with its exit") {
    std::deque<Process> all = processes(3);
    all[1].start_ns = kStart - 500;
    all[2].end_ns = kStart + 900;
    ReportedEvents events;
    add(events, "process:fork", all[0], kStart);
    add(events, "tcp:tcp_probe", all[0], kStart + 10);
    add(events, "process:exit", all[0], kStart + 20);
    add(events, "process:fork", all[1], kStart + 5);
    add(events, "process:exec", all[2], kStart + 7);
    std::deque<ProcessTraffic> traffic = traffic_of(all);
    traffic[0].first_ns = kStart + 1;
    traffic[0].last_ns = kStart + 30;  // a packet that was still on its way
    Report report;
    forensics::add_events(report, events, traffic);
    REQUIRE(report.lives.size() == 3);
    CHECK(report.life_count == 3);
    CHECK(report.lives[0].process == &all[1]);  // in the order of their beginnings
    CHECK(report.lives[0].start_ns == kStart - 500);
    CHECK_FALSE(report.lives[0].end_ns.has_value());
    CHECK(report.lives[1].process == &all[0]);
    CHECK(report.lives[1].start_ns == kStart);
    CHECK(report.lives[1].end_ns == kStart + 20);
    CHECK(report.lives[1].first_ns == kStart);
    CHECK(report.lives[1].last_ns == kStart + 30);
    CHECK(report.lives[2].process == &all[2]);
    CHECK_FALSE(report.lives[2].start_ns.has_value());
    CHECK(report.lives[2].end_ns == kStart + 900);
    CHECK(report.lives[2].first_ns == kStart + 7);
}

TEST_CASE("of many lives the page has those with the most bytes, then with the most events") {
    const std::deque<Process> all = processes(forensics::kReportLives + 10);
    ReportedEvents events;
    std::deque<ProcessTraffic> traffic = traffic_of(all);
    for (const Process& process : all) {
        add(events, "process:exec", process, kStart + process.number);
    }
    add(events, "process:exit", all.back(), kStart + 2000);
    traffic[all.size() - 2].sent = {.packets = 1, .bytes = 60};
    Report report;
    forensics::add_events(report, events, traffic);
    CHECK(report.life_count == all.size());
    REQUIRE(report.lives.size() == forensics::kReportLives);
    CHECK(report.lives[0].process == &all.front());
    CHECK(report.lives[forensics::kReportLives - 2].process == &all[all.size() - 2]);
    CHECK(report.lives[forensics::kReportLives - 1].process == &all.back());
    CHECK(report.lives[forensics::kReportLives - 3].process == &all[forensics::kReportLives - 3]);
}

TEST_CASE("without events a report has no lives") {
    const std::deque<Process> all = processes(1);
    std::deque<ProcessTraffic> traffic = traffic_of(all);
    traffic[0].sent = {.packets = 1, .bytes = 60};
    Report report;
    forensics::add_events(report, {}, traffic);
    CHECK(report.lives.empty());
    CHECK(report.life_count == 0);
}
