// SPDX-License-Identifier: GPL-2.0-only
//
// What DNS servers are asked: real questions beside tshark, and made-up ones.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "packet/dissect/dns.h"
#include "tests/forensics/capture_file.h"
#include "tests/support/dns_message.h"

namespace {

using test::bytes_of;
using test::CaptureFile;
using test::Datagram;
using test::dns_message;
using test::kDnsA;
using test::kDnsAaaa;
using test::kDnsAnswer;
using test::kDnsQuery;
using test::make;

test::Frame to_server(const std::string& message, uint16_t port = 5000) {
    return make(Datagram{.source_port = port, .target_port = 53, .data = bytes_of(message)});
}

test::Frame from_server(const std::string& message, uint16_t port = 5000) {
    return make(Datagram{
        .from = 2, .to = 1, .source_port = 53, .target_port = port, .data = bytes_of(message)});
}

// "name type: asked answered nonexistent failed" of each, in order.
std::vector<std::string> questions(const forensics::FlowTable& table) {
    std::vector<std::string> out;
    for (size_t number = 0; number < table.questions().size(); ++number) {
        const forensics::CountedQuestion& one = table.questions()[number];
        out.push_back(fmt::format("{} {}: {} {} {} {}", one.name(), packet::dns_type_name(one.type),
                                  one.asked, one.answered, one.nonexistent, one.failed));
    }
    return out;
}

std::vector<std::string> questions(const CaptureFile& file) {
    return questions(file.flows({.questions = true}));
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("questions of real DNS, over UDP and TCP, are those that tshark reads") {
    const std::string path = std::string(TEST_DATA) + "/names.pcapng";
    std::map<std::string, std::pair<int, int>> expected;  // asked, answered
    for (const auto& row :
         test::tshark_fields(path, "dns", {"dns.qry.name", "dns.qry.type", "dns.flags.response"})) {
        auto& [asked, answered] = expected[row[0] + " " + row[1]];
        ++(row[2] == "1" || row[2] == "True" ? answered : asked);
    }
    REQUIRE(expected.size() == 4);
    const forensics::FlowTable table = CaptureFile::read(path).flows({.questions = true});
    std::map<std::string, std::pair<int, int>> found;
    for (size_t number = 0; number < table.questions().size(); ++number) {
        const forensics::CountedQuestion& one = table.questions()[number];
        auto& [asked, answered] = found[fmt::format("{} {}", one.name(), one.type)];
        asked += static_cast<int>(one.asked);
        answered += static_cast<int>(one.answered);
    }
    CHECK(found == expected);
}

TEST_CASE("every question of a conversation counts, by name and type, with its answers") {
    CaptureFile file;
    file.add(to_server(dns_message("a.example", kDnsA)), 1);
    file.add(to_server(dns_message("a.example", kDnsAaaa)), 2);
    file.add(to_server(dns_message("a.example", kDnsA)), 3);  // again, as no answer came
    file.add(from_server(dns_message("a.example", kDnsA, kDnsAnswer)), 4);
    file.add(from_server(dns_message("a.example", kDnsAaaa, kDnsAnswer)), 5);
    file.add(to_server(dns_message("b.example", kDnsA), 5001), 6);
    file.add(from_server(dns_message("b.example", kDnsA, kDnsAnswer | 3), 5001), 7);
    file.add(to_server(dns_message("c.example", 65280)), 8);
    file.add(from_server(dns_message("c.example", 65280, kDnsAnswer | 2)), 9);
    file.add(from_server(dns_message("d.example", kDnsA, kDnsAnswer)), 10);  // its query is missing
    CHECK(questions(file) == Lines{"a.example A: 2 1 0 0", "a.example AAAA: 1 1 0 0",
                                   "b.example A: 1 0 1 0", "c.example TYPE65280: 1 0 0 1",
                                   "d.example A: 0 1 0 0"});
}

TEST_CASE("who asks is the side that sends the question or gets the answer, whatever the ports") {
    CaptureFile file;
    file.add(make(Datagram{.from = 9,
                           .to = 1,
                           .source_port = 53,
                           .target_port = 53,
                           .data = bytes_of(dns_message("a.example"))}),
             1);
    file.add(from_server(dns_message("b.example", kDnsA, kDnsAnswer)), 2);
    const forensics::FlowTable table = file.flows({.questions = true});
    REQUIRE(table.questions().size() == 2);
    for (const size_t number : {size_t{0}, size_t{1}}) {
        const forensics::CountedQuestion one = table.questions()[number];
        const forensics::Flow& flow = table.flows()[one.flow];
        CHECK(packet::to_text(flow.sides[one.asker].address) ==
              (number == 0 ? "10.0.0.9" : "10.0.0.1"));
    }
}

TEST_CASE("names that differ in capital letters are one question") {
    CaptureFile file;
    file.add(to_server(dns_message("wWw.ExAmPlE")), 1);
    file.add(from_server(dns_message("wWw.ExAmPlE", kDnsA, kDnsAnswer)), 2);
    file.add(to_server(dns_message("WWW.example")), 3);
    CHECK(questions(file) == Lines{"www.example A: 2 1 0 0"});
}

TEST_CASE("a message of mDNS may have several questions") {
    std::string message = dns_message("one.local", kDnsA, 0) + test::dns_name("two.local") +
                          std::string("\0\x0c\x80\1", 4);
    message[5] = 2;
    CaptureFile file;
    file.add(make(Datagram{.source_port = 5353, .target_port = 5353, .data = bytes_of(message)}),
             1);
    CHECK(questions(file) == Lines{"one.local A: 1 0 0 0", "two.local PTR: 1 0 0 0"});
}

TEST_CASE("a message that is cut, updates a zone or isn't DNS asks nothing") {
    const std::string cut = dns_message("cut.example");
    CaptureFile file;
    file.add(to_server(cut.substr(0, cut.size() - 1)), 1);
    file.add(to_server(dns_message("update.example", kDnsA, 0x2800)), 2);
    file.add(to_server("x"), 3);
    file.add(make(Datagram{.data = bytes_of(dns_message("elsewhere.example"))}), 4);
    CHECK(questions(file).empty());
}

TEST_CASE("questions aren't counted unless they are wanted") {
    CaptureFile file;
    file.add(to_server(dns_message("a.example")), 1);
    CHECK(questions(file.flows()).empty());
}

TEST_CASE("a million different questions are kept, and how often others were asked is said") {
    forensics::DnsQuestions all;
    packet::DnsMessage message{.asked = {{.name = "name.example", .type = kDnsA}}};
    for (uint64_t flow = 0; flow < forensics::DnsQuestions::kMost + 5; ++flow) {
        all.add(flow, 0, message);
    }
    all.add(7, 0, message);
    CHECK(all.size() == forensics::DnsQuestions::kMost);
    CHECK(all.left_out() == 5);
    CHECK(all[7].asked == 2);
    CHECK(all[7].name() == "name.example");
    CHECK(all[forensics::DnsQuestions::kMost - 1].flow == forensics::DnsQuestions::kMost - 1);
    CHECK(all.state());
}

TEST_CASE("types that are often asked for have their names") {
    CHECK(packet::dns_type_name(1) == "A");
    CHECK(packet::dns_type_name(28) == "AAAA");
    CHECK(packet::dns_type_name(65) == "HTTPS");
    CHECK(packet::dns_type_name(0) == "TYPE0");
}
