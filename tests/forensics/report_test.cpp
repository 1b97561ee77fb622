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
    CHECK(report.flows.front().sides[0].bytes == kReportFlows + 9);
    CHECK(report.flows.back().sides[0].bytes == 10);
    CHECK(report.talkers.at(0).flows == kReportFlows + 10);  // of all flows
}

TEST_CASE("a talker is the remote address: the one at which there is no process") {
    const auto all = processes({{1, 0}});
    std::deque<Flow> flows;
    add_flow(flows, 9, 100);
    Flow& served = add_flow(flows, 5, 3);  // who began is elsewhere, 0.0.0.0
    Participants::Pool pool;
    served.sides[1].processes.add(all[0], 40, pool);
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
    add_flow(flows, 3, 5).dns_question = "c.example";  // in a table of its own
    Report report;
    add_flows(report, flows);
    REQUIRE(report.names.size() == 3);
    CHECK(report.name_count == 3);
    for (const ReportGroup& talker : report.talkers) {
        CHECK(talker.name != "c.example");  // what a server is asked for isn't its name
    }
    CHECK(std::string(report.names[0].kind) == "DNS");
    CHECK(report.names[0].flows == 2);
    CHECK(report.names[0].sent == 20);
}

TEST_CASE("questions are summed by name, type, process and server, over all conversations") {
    const auto all = processes({{1, 0}, {2, 0}});
    Participants::Pool pool;
    std::deque<Flow> flows;
    DnsQuestions questions;
    const auto ask = [&](const Process* process, uint8_t server, const char* name, uint16_t type,
                         int times) {
        Flow& flow = add_flow(flows, server, 50);
        if (process != nullptr) {
            flow.sides[0].processes.add(*process, 50, pool);
        }
        packet::DnsMessage message{.asked = {{.name = name, .type = type}}};
        for (int i = 0; i < times; ++i) {
            questions.add(flow.number, 0, message);
        }
        message.is_answer = true;
        questions.add(flow.number, 0, message);
    };
    ask(&all[0], 53, "a.example", 1, 1);
    ask(&all[0], 53, "a.example", 28, 2);
    ask(&all[0], 53, "a.example", 1, 3);
    ask(&all[1], 53, "a.example", 1, 1);
    ask(&all[0], 54, "a.example", 1, 1);
    ask(nullptr, 53, "a.example", 1, 1);
    Report report;
    add_questions(report, questions, flows);
    CHECK(report.question_count == 5);
    CHECK(report.questions_left_out == 0);
    REQUIRE(report.questions.size() == 5);
    const ReportQuestion& first = report.questions[0];
    CHECK(first.name == "a.example");
    CHECK(first.type == 1);
    CHECK(first.process == &all[0]);
    CHECK(first.server.bytes[3] == 53);
    CHECK(first.asked == 4);
    CHECK(first.answered == 2);
    CHECK(report.questions[1].type == 28);
    CHECK(report.questions[2].process == &all[1]);
    CHECK(report.questions[3].server.bytes[3] == 54);
    CHECK(report.questions[4].process == nullptr);
}

TEST_CASE("failed handshakes are counted by process, remote address, port and kind of failure") {
    const auto all = processes({{1, 0}, {2, 0}});
    Participants::Pool pool;
    std::deque<Flow> flows;
    const auto fail = [&](size_t side, const Process& process, uint8_t host, uint16_t port,
                          Handshake how, uint64_t first_ns) {
        Flow& flow = add_flow(flows, host, 60);
        flow.sides[0].port = static_cast<uint16_t>(40000 + flow.number);
        flow.sides[1].port = port;
        flow.sides[side].processes.add(process, 60, pool);
        flow.handshake = how;
        flow.first_ns = first_ns;
        flow.last_ns = first_ns + 5;
    };
    fail(0, all[0], 9, 443, Handshake::kUnanswered, 90);
    fail(0, all[0], 9, 443, Handshake::kRefused, 50);
    fail(0, all[0], 9, 443, Handshake::kRefused, 20);
    fail(0, all[0], 9, 443, Handshake::kComplete, 10);
    fail(0, all[0], 9, 80, Handshake::kRefused, 60);
    fail(0, all[1], 9, 443, Handshake::kRefused, 70);
    fail(1, all[1], 0, 22, Handshake::kAnswered, 80);  // a server's, to whom 0.0.0.0 connected
    Report report;
    add_flows(report, flows);
    CHECK(report.handshake_count == 5);
    REQUIRE(report.handshakes.size() == 5);
    const ReportHandshake& first = report.handshakes[0];
    CHECK(first.process == &all[0]);
    CHECK(first.remote.bytes[3] == 9);
    CHECK(first.port == 443);
    CHECK(first.local_began);
    CHECK(first.how == Handshake::kRefused);
    CHECK(first.flows == 2);
    CHECK(first.first_ns == 20);
    CHECK(first.last_ns == 55);
    CHECK(report.handshakes[1].how == Handshake::kUnanswered);
    CHECK(report.handshakes[2].port == 80);
    CHECK(report.handshakes[3].process == &all[1]);
    const ReportHandshake& served = report.handshakes[4];
    CHECK(served.process == &all[1]);
    CHECK(served.port == 22);
    CHECK_FALSE(served.local_began);
    CHECK(served.remote.bytes[3] == 0);
}

TEST_CASE("the most frequent questions and failed handshakes are kept, and all are counted") {
    std::deque<Flow> flows;
    DnsQuestions questions;
    for (uint16_t i = 0; i < 2 * kReportTalkers; ++i) {
        const int times = i == kReportTalkers ? 2 : 1;
        for (int n = 0; n < times; ++n) {
            Flow& flow = add_flow(flows, 1, 60);
            flow.sides[1].port = i;
            flow.handshake = Handshake::kRefused;
            questions.add(flow.number, 0, {.asked = {{.name = std::to_string(i), .type = 1}}});
        }
    }
    Report report;
    add_flows(report, flows);
    add_questions(report, questions, flows);
    CHECK(report.handshake_count == 2 * kReportTalkers);
    REQUIRE(report.handshakes.size() == kReportTalkers);
    CHECK(report.handshakes[0].port == kReportTalkers);
    CHECK(report.handshakes[1].port == 0);
    CHECK(report.question_count == 2 * kReportTalkers);
    REQUIRE(report.questions.size() == kReportTalkers);
    CHECK(report.questions[0].name == std::to_string(kReportTalkers));
    CHECK(report.questions[1].name == "0");
}

TEST_CASE("the policy allows no request and only the page's own script and style") {
    const std::string page = page_of(Report{});
    CHECK(page.find("default-src 'none'; script-src 'sha256-") != std::string::npos);
    CHECK(page.find("unsafe") == std::string::npos);
    CHECK(page.find("@HASH") == std::string::npos);
    CHECK(page.find("img-src data:;") != std::string::npos);       // the icon, which is in the page
    const auto names = count(page, "http://www.w3.org/2000/svg");  // names, not requests
    CHECK(names > 0);
    CHECK(count(page, "http://") + count(page, "https://") == names);
    CHECK(page.find("innerHTML") == std::string::npos);
}
