// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/report.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/forensics/capture_file.h"
#include "tests/support/command.h"
#include "tests/support/dns_message.h"
#include "tests/support/event_capture.h"
#include "tests/support/temporary_folder.h"

using test::TemporaryFolder;

namespace {

const std::string kFile = std::string(TEST_DATA) + "/ptcpdump-0.37.pcapng";

int report(const std::vector<std::string>& arguments) {
    return cmd::run_report(arguments);
}

nlohmann::json data_of(const std::string& path) {
    const std::string page = test::content_of(path);
    const std::string begin = R"(<script type="application/json" id="data">)";
    const size_t from = page.find(begin) + begin.size();
    return nlohmann::json::parse(page.substr(from, page.find("</script>", from) - from));
}

// Packets and bytes on the wire, as capinfos counts them.
std::pair<uint64_t, uint64_t> counted(const std::string& path) {
    const std::string out = test::output_of({"capinfos", "-Trmcd", path});
    const size_t packets = out.find(',') + 1;
    return {std::stoull(out.substr(packets)), std::stoull(out.substr(out.find(',', packets) + 1))};
}

}  // namespace

TEST_CASE("the page counts the packets and bytes that capinfos does") {
    const TemporaryFolder folder;
    const std::string page = folder.file("page.html");
    REQUIRE(report({kFile, "-o", page}) == 0);
    const auto data = data_of(page);
    const auto [packets, bytes] = counted(kFile);
    CHECK(packets > 0);
    CHECK(data.at("total") == nlohmann::json({packets, bytes}));
    CHECK(data.at("problems").empty());
    CHECK(data.at("processCount") > 0);
    CHECK(data.at("flowCount") > 0);
}

TEST_CASE("the page lists what each process asked DNS servers, and what came of it") {
    using test::kDnsA;
    using test::kDnsAaaa;
    using test::kDnsAnswer;
    using test::kDnsTxt;
    test::CaptureFile file;
    uint64_t now = test::kStart;
    const auto ask = [&](const char* comment, uint16_t port, const std::string& name,
                         uint16_t type) {
        file.add(make(test::Datagram{.source_port = port,
                                     .target_port = 53,
                                     .data = test::bytes_of(test::dns_message(name, type))}),
                 now += 1'000'000, std::nullopt, comment);
    };
    const auto answer = [&](uint16_t port, const std::string& name, uint16_t type, int error) {
        const auto flags = static_cast<uint16_t>(kDnsAnswer | error);
        file.add(make(test::Datagram{.from = 2,
                                     .to = 1,
                                     .source_port = 53,
                                     .target_port = port,
                                     .data = test::bytes_of(test::dns_message(name, type, flags))}),
                 now += 1'000'000);
    };
    const char* curl = "pid=7 comm=curl";
    const char* agent = "pid=8 comm=agent";
    ask(curl, 5001, "www.example", kDnsA);  // both of one socket, as getaddrinfo() does
    ask(curl, 5001, "www.example", kDnsAaaa);
    answer(5001, "www.example", kDnsA, 0);
    answer(5001, "www.example", kDnsAaaa, 0);
    ask(curl, 5002, "www.example", kDnsA);
    ask(agent, 5003, "www.example", kDnsA);
    answer(5003, "www.example", kDnsA, 3);
    ask(agent, 5004, "x.example", kDnsTxt);
    answer(5004, "x.example", kDnsTxt, 2);
    const TemporaryFolder folder;
    file.write(folder.file("dns.pcapng"));
    const std::string page = folder.file("page.html");
    REQUIRE(report({folder.file("dns.pcapng"), "-o", page}) == 0);
    const auto data = data_of(page);
    std::vector<std::string> rows;
    for (const auto& row : data.at("questions")) {
        const auto& process = data.at("processes").at(row.at("process").get<size_t>());
        rows.push_back(fmt::format("{} {} {} {}: {} {} {} {}", row.at("name").get<std::string>(),
                                   row.at("type").get<std::string>(),
                                   process.at("comm").get<std::string>(),
                                   row.at("server").get<std::string>(), row.at("asked").get<int>(),
                                   row.at("answered").get<int>(), row.at("nonexistent").get<int>(),
                                   row.at("failed").get<int>()));
    }
    CHECK(rows == std::vector<std::string>{"www.example A curl 10.0.0.2: 2 1 0 0",
                                           "www.example AAAA curl 10.0.0.2: 1 1 0 0",
                                           "www.example A agent 10.0.0.2: 1 0 1 0",
                                           "x.example TXT agent 10.0.0.2: 1 0 0 1"});
    CHECK(data.at("questionCount") == 4);
    CHECK(data.at("questionsLeftOut") == 0);
    CHECK(data.at("names").empty());
}

TEST_CASE("the page lists the TCP handshakes that failed, and how") {
    using test::kAck;
    using test::kRst;
    using test::kSyn;
    test::CaptureFile file;
    constexpr uint64_t kSecond = 1'000'000'000;
    const auto send = [&](uint64_t second, const char* comment, uint8_t from, uint16_t from_port,
                          uint8_t to, uint16_t to_port, uint8_t flags, uint32_t sequence) {
        file.add(make(test::Segment{.from = from,
                                    .to = to,
                                    .source_port = from_port,
                                    .target_port = to_port,
                                    .sequence = sequence,
                                    .acknowledgment = (flags & kAck) != 0 ? 101U : 0U,
                                    .flags = flags}),
                 test::kStart + second * kSecond, std::nullopt, comment);
    };
    const char* curl = "pid=7 comm=curl";
    const char* agent = "pid=8 comm=agent";
    const char* sshd = "pid=9 comm=sshd";
    send(0, curl, 1, 40000, 9, 443, kSyn, 100);
    send(1, "", 9, 443, 1, 40000, kRst | kAck, 0);
    send(2, agent, 1, 40001, 9, 443, kSyn, 100);
    send(3, "", 9, 443, 1, 40001, kRst | kAck, 0);
    send(4, curl, 1, 40002, 9, 443, kSyn, 100);
    send(5, "", 9, 443, 1, 40002, kRst | kAck, 0);
    send(6, curl, 1, 40003, 9, 8443, kSyn, 100);
    send(9, curl, 1, 40003, 9, 8443, kSyn, 100);  // again
    send(10, curl, 1, 40004, 9, 80, kSyn, 100);   // comes about, and is reset later
    send(11, "", 9, 80, 1, 40004, kSyn | kAck, 100);
    send(12, curl, 1, 40004, 9, 80, kAck, 101);
    send(13, "", 9, 80, 1, 40004, kRst, 101);
    send(14, "", 66, 50000, 1, 22, kSyn, 100);  // a SYN scan
    send(15, sshd, 1, 22, 66, 50000, kSyn | kAck, 100);
    send(16, "", 66, 50000, 1, 22, kRst, 101);
    const TemporaryFolder folder;
    file.write(folder.file("tcp.pcapng"));
    const std::string page = folder.file("page.html");
    REQUIRE(report({folder.file("tcp.pcapng"), "-o", page}) == 0);
    const auto data = data_of(page);
    std::vector<std::string> rows;
    for (const auto& row : data.at("handshakes")) {
        const auto& process = data.at("processes").at(row.at("process").get<size_t>());
        rows.push_back(fmt::format(
            "{} {} {} {} {}: {} from {} to {} s", process.at("comm").get<std::string>(),
            row.at("began").get<bool>() ? "to" : "from", row.at("remote").get<std::string>(),
            row.at("port").get<int>(), row.at("how").get<std::string>(), row.at("flows").get<int>(),
            row.at("first").get<double>() / 1e6, row.at("last").get<double>() / 1e6));
    }
    CHECK(rows == std::vector<std::string>{"curl to 10.0.0.9 443 refused: 2 from 0 to 5 s",
                                           "agent to 10.0.0.9 443 refused: 1 from 2 to 3 s",
                                           "curl to 10.0.0.9 8443 unanswered: 1 from 6 to 9 s",
                                           "sshd from 10.0.0.66 22 aborted: 1 from 14 to 16 s"});
    CHECK(data.at("handshakeCount") == 4);
}

TEST_CASE("the page has every event at the time that tshark gives it") {
    const TemporaryFolder folder;
    const std::string file = folder.file("events.pcapng");
    const std::string page = folder.file("page.html");
    const test::EventCapture::Who curl{.pid = 812, .comm = "curl"};
    const test::EventCapture::Who wget{.pid = 900, .comm = "wget"};
    test::EventCapture capture(file);
    const uint32_t fork = capture.add_interface("process:fork", "pidcap layout 1; ppid u 0 4");
    const uint32_t drop = capture.add_interface("drop:packet", "pidcap layout 1; reason u 0 4");
    capture.event(fork, wget, test::Bytes{1, 0, 0, 0});
    capture.packet(curl);
    capture.connect(curl, 111, {.address = {.bytes = {192, 0, 2, 1}, .length = 4}, .port = 80});
    capture.connect(curl, 0, {.address = {.bytes = {192, 0, 2, 1}, .length = 4}, .port = 80});
    capture.event(drop, packet::Via::kUnknown, test::Bytes{8, 0, 0, 0});
    capture.packet(curl);
    capture.exit(wget, 4);
    capture.close();
    REQUIRE(report({file, "-o", page}) == 0);
    const auto data = data_of(page);

    std::map<std::string, std::string> kinds{
        {"process:fork", "start"}, {"drop:packet", "drop"}, {"process:exit", "end"}};
    std::vector<std::string> expected;
    for (const auto& row : test::tshark_fields(file, "eth.type == 0x88b5",
                                               {"frame.time_epoch", "frame.interface_name"})) {
        const std::string& name = row.at(1);
        const auto nanoseconds =
            std::stoull(row.at(0).substr(0, row.at(0).find('.'))) * 1'000'000'000 +
            std::stoull(row.at(0).substr(row.at(0).find('.') + 1));
        const bool failed = name == "socket:connect" && expected.size() == 1;
        expected.push_back(fmt::format(
            "{} {} {}", nanoseconds / 1000,
            name == "socket:connect" ? failed ? "failure" : "other" : kinds.at(name), name));
    }
    std::vector<std::string> found;
    for (const auto& bin : data.at("lane")) {
        for (const auto& event : bin.at("events")) {
            const auto time = data.at("base").get<double>() + event.at("time").get<double>();
            found.push_back(fmt::format("{:.0f} {} {}", time, bin.at("kind").get<std::string>(),
                                        event.at("name").get<std::string>()));
        }
    }
    CHECK(found.size() == 5);
    CHECK(found == expected);

    // curl has traffic and wget hasn't; it began before its first event, and its layout here has
    // no exit_code.
    REQUIRE(data.at("lives").size() == 2);
    const auto& life = data.at("lives").at(0);
    CHECK(life.at("name") == "wget 900");
    CHECK(life.at("process").is_null());
    CHECK(life.at("start") == -1000.9);
    CHECK(life.at("first") == -1000);
    CHECK(life.at("end") == 5000);
    CHECK(data.at("lives").at(1).at("end").is_null());
    CHECK(data.at("lives").at(1).at("failures") == 1);
    CHECK(data.at("processes").size() == 1);
}

TEST_CASE("a page of events alone has them, and a page without events has no lives") {
    const TemporaryFolder folder;
    const std::string file = folder.file("events.pcapng");
    const std::string page = folder.file("page.html");
    test::EventCapture capture(file);
    capture.exit({.pid = 900, .comm = "wget"}, 4);
    capture.close();
    REQUIRE(report({file, "-o", page}) == 0);
    auto data = data_of(page);
    CHECK(data.at("first").is_null());
    CHECK(data.at("base") == test::EventCapture::kStart / 1000);
    CHECK(data.at("lane").at(0).at("first") == 0);
    CHECK(data.at("lifeCount") == 1);

    REQUIRE(report({kFile, "-o", page}) == 0);
    data = data_of(page);
    CHECK(data.at("lane").empty());
    CHECK(data.at("lives").empty());
}

TEST_CASE("the page of two files is that of both") {
    const TemporaryFolder folder;
    const std::string page = folder.file("page.html");
    REQUIRE(report({kFile, kFile, "-o", page}) == 0);
    const auto data = data_of(page);
    const auto [packets, bytes] = counted(kFile);
    CHECK(data.at("total") == nlohmann::json({2 * packets, 2 * bytes}));
}

TEST_CASE("the page of a broken file has what was readable and says where it stopped") {
    const TemporaryFolder folder;
    const std::string cut = folder.file("cut.pcapng");
    const std::string page = folder.file("page.html");
    const std::string whole = test::content_of(kFile);
    std::ofstream(cut, std::ios::binary) << whole.substr(0, whole.size() - 7);
    CHECK(report({cut, "-o", page}) == 1);
    const auto data = data_of(page);
    CHECK(data.at("total").at(0) > 0);
    REQUIRE(data.at("problems").size() == 1);
    CHECK(test::contains(data.at("problems").at(0), "offset "));
}

TEST_CASE(
    "the file that is read is never written, and an older page outlives a file that isn't there") {
    const TemporaryFolder folder;
    const std::string copy = folder.file("copy.pcapng");
    std::filesystem::copy_file(kFile, copy);
    CHECK(report({copy, "-o", copy}) == 1);
    CHECK(test::content_of(copy) == test::content_of(kFile));
    CHECK(report({folder.file("missing"), "-o", copy}) == 1);
    CHECK(test::content_of(copy) == test::content_of(kFile));
}

TEST_CASE("a report of no file, of two, or to two pages is refused") {
    CHECK(report({}) == 2);
    CHECK(report({"-o", "x"}) == 2);
    CHECK(report({kFile, "-o", "x", "-o", "y"}) == 2);
    CHECK(report({kFile, "-o", ""}) == 2);
}
