// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/report/report.h"

#include <catch2/catch.hpp>
#include <deque>
#include <nlohmann/json.hpp>
#include <string>

#include "forensics/report/report_page.h"

using namespace forensics;

namespace {

std::deque<Process> processes(std::initializer_list<std::pair<uint32_t, uint32_t>> pids) {
    std::deque<Process> made;
    for (const auto& [pid, ppid] : pids) {
        Process& process = made.emplace_back();
        process.number = static_cast<uint32_t>(made.size() - 1);
        process.pid = pid;
        if (ppid != 0) {
            process.ppid = ppid;
        }
    }
    return made;
}

ProcessTraffic traffic(const Process& process, uint64_t bytes) {
    ProcessTraffic made;
    made.process = &process;
    made.sent = {.packets = 1, .bytes = bytes};
    return made;
}

Flow& add_flow(std::deque<Flow>& flows, uint8_t host, uint64_t bytes) {
    Flow& flow = flows.emplace_back();
    flow.number = flows.size() - 1;
    flow.sides[0].address.length = flow.sides[1].address.length = 4;
    flow.sides[1].address.bytes[3] = host;
    flow.sides[0].bytes = bytes;
    return flow;
}

nlohmann::json data_of(const std::string& page) {
    const std::string begin = R"(<script type="application/json" id="data">)";
    const size_t from = page.find(begin) + begin.size();
    return nlohmann::json::parse(page.substr(from, page.find("</script>", from) - from));
}

size_t count(const std::string& text, const std::string& part) {
    size_t found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

}  // namespace

TEST_CASE("JSON for HTML has nothing that ends or begins an element or a line") {
    const std::string hostile =
        "</script><!-- <script> ]]> & \xE2\x80\xA8 \xE2\x80\xA9 \xE2\x80\xA7 \" \\ é";
    const std::string json = nlohmann::json(hostile).dump();
    const std::string escaped = json_for_html(json);
    CHECK(escaped.find_first_of("<>&") == std::string::npos);
    CHECK(escaped.find("\xE2\x80\xA8") == std::string::npos);
    CHECK(escaped.find("\xE2\x80\xA9") == std::string::npos);
    CHECK(nlohmann::json::parse(escaped) == hostile);
}

TEST_CASE("a name is in the page once, as data, whatever it is") {
    Report empty;
    const std::string before = page_of(empty);
    auto all = processes({{7, 0}});
    all[0].comm = "</script><script>alert(1)</script><!--";
    all[0].exe = "@DATA@\xE2\x80\xAE\x1b[31m\xff";
    all[0].cmdline = "\xE2\x80\xA8";
    Report report;
    add_processes(report, all, {traffic(all[0], 5)});
    const std::string page = page_of(report);
    CHECK(count(page, "</script>") == count(before, "</script>"));
    CHECK(count(page, "<!--") == count(before, "<!--"));
    const auto process = data_of(page).at("processes").at(0);
    CHECK(process.at("comm") == "</script><script>alert(1)</script><!--");
    CHECK(process.at("exe") == "@DATA@%E2%80%AE%1B[31m%FF");
    CHECK(process.at("cmdline") == "%E2%80%A8");
}

TEST_CASE("a process's parent is who had the pid when it began") {
    auto all = processes({{10, 0}, {20, 10}, {10, 0}, {30, 10}, {40, 99}});
    all[0].start_ns = 100'000'000'000;
    all[1].start_ns = 200'000'000'000;
    all[2].start_ns = 300'000'000'000;
    all[3].start_ns = 400'000'000'000;
    Report report;
    add_processes(report, all, {traffic(all[3], 9), traffic(all[1], 8), traffic(all[4], 7)});
    REQUIRE(report.processes.size() == 5);  // with both ancestors
    CHECK(report.process_count == 3);
    CHECK(report.processes.at(*report.processes[0].parent).traffic.process == &all[2]);
    CHECK(report.processes.at(*report.processes[1].parent).traffic.process == &all[0]);
    CHECK(!report.processes[2].parent);
}

TEST_CASE("a pid of another host is nobody's parent") {
    auto all = processes({{10, 0}, {20, 10}});
    all[0].host = "a";
    all[1].host = "b";
    Report report;
    add_processes(report, all, {traffic(all[0], 9), traffic(all[1], 8)});
    CHECK(!report.processes[1].parent);
}

TEST_CASE("processes that say they are each other's parents still hang from a root") {
    const auto all = processes({{1, 2}, {2, 3}, {3, 1}, {4, 3}, {5, 5}});
    Report report;
    add_processes(report, all,
                  {traffic(all[0], 9), traffic(all[1], 8), traffic(all[2], 7), traffic(all[3], 6),
                   traffic(all[4], 5)});
    size_t roots = 0;
    for (const ReportProcess& process : report.processes) {
        size_t steps = 0;
        for (auto parent = process.parent; parent; parent = report.processes[*parent].parent) {
            REQUIRE(++steps < report.processes.size());
        }
        roots += process.parent ? 0 : 1;
    }
    CHECK(roots == 2);
}

TEST_CASE("the flows with the most bytes are kept, and the page says how many there were") {
    std::deque<Flow> flows;
    for (uint64_t i = 0; i < kReportFlows + 10; ++i) {
        add_flow(flows, 1, i * 7919 % (kReportFlows + 10));
    }
    Report report;
    add_flows(report, flows);
    CHECK(report.flow_count == kReportFlows + 10);
    REQUIRE(report.flows.size() == kReportFlows);
    CHECK(report.flows.front()->sides[0].bytes == kReportFlows + 9);
    CHECK(report.flows.back()->sides[0].bytes == 10);
    CHECK(report.talkers.at(0).flows == kReportFlows + 10);  // of all flows
}

TEST_CASE("a talker is the remote address: the one at which there is no process") {
    const auto all = processes({{1, 0}});
    std::deque<Flow> flows;
    add_flow(flows, 9, 100);
    Flow& served = add_flow(flows, 5, 3);  // who began is elsewhere, 0.0.0.0
    served.sides[1].processes.add(all[0], 40);
    served.sides[1].bytes = 40;
    Report report;
    add_flows(report, flows);
    REQUIRE(report.talkers.size() == 2);
    CHECK(report.talkers[0].address.bytes[3] == 9);
    CHECK(report.talkers[0].sent == 100);
    CHECK(report.talkers[1].address.bytes[3] == 0);
    CHECK(report.talkers[1].sent == 40);
    CHECK(report.talkers[1].received == 3);
    CHECK(report.talkers[1].processes == std::vector<const Process*>{&all[0]});
}

TEST_CASE("names are counted by how they were told") {
    std::deque<Flow> flows;
    add_flow(flows, 1, 10).dns_name = "a.example";
    add_flow(flows, 1, 10).dns_name = "a.example";
    Flow& both = add_flow(flows, 2, 10);
    both.server_name = "a.example";
    both.http_host = "b.example";
    add_flow(flows, 1, 5).dns_question = "c.example";
    Report report;
    add_flows(report, flows);
    REQUIRE(report.names.size() == 4);
    CHECK(report.name_count == 4);
    CHECK(std::string(report.names[3].kind) == "DNS question");
    for (const ReportGroup& talker : report.talkers) {
        CHECK(talker.name != "c.example");  // what a server is asked for isn't its name
    }
    CHECK(std::string(report.names[0].kind) == "DNS");
    CHECK(report.names[0].flows == 2);
    CHECK(report.names[0].sent == 20);
}

TEST_CASE("the policy allows no request and only the page's own script and style") {
    const std::string page = page_of(Report{});
    CHECK(page.find("default-src 'none'; script-src 'sha256-") != std::string::npos);
    CHECK(page.find("unsafe") == std::string::npos);
    CHECK(page.find("@HASH") == std::string::npos);
    CHECK(page.find("http://www.w3.org/2000/svg") != std::string::npos);  // a name, not a request
    CHECK(count(page, "http://") + count(page, "https://") == 1);
    CHECK(page.find("innerHTML") == std::string::npos);
}
