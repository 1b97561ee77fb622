// SPDX-License-Identifier: GPL-2.0-only
//
// Names that packets tell: real DNS, TLS and HTTP beside tshark, and made-up ones that are late,
// somebody else's, out of order or hostile.
#include <catch2/catch.hpp>
#include <map>

#include "packet/dissect/dns.h"
#include "packet/dissect/preamble.h"
#include "packet/dissect/server_name.h"
#include "tests/forensics/capture_file.h"
#include "tests/support/client_hello.h"
#include "tests/support/dns_message.h"
#include "tests/support/temporary_folder.h"

namespace {

using test::bytes_of;
using test::CaptureFile;
using test::client_hello;
using test::Datagram;
using test::dns_message;
using test::dns_name;
using test::Frame;
using test::kAck;
using test::kSyn;
using test::make;
using test::Segment;
using Verdict = packet::ReadName::Verdict;

const std::string kNamesFile = std::string(TEST_DATA) + "/names.pcapng";

// What tshark says first of each TCP stream, trimmed as a header's value is.
std::map<uint64_t, std::string> by_stream(const std::string& file, const std::string& field) {
    std::map<uint64_t, std::string> out;
    for (const auto& row : test::tshark_fields(file, field, {"tcp.stream", field})) {
        std::string text = row[1];
        text.erase(text.find_last_not_of(' ') + 1);
        out.try_emplace(std::stoull(row[0]), text);
    }
    return out;
}

// An answer to a question for `name`: 10.0.0.`last`.
std::string dns_answer(const std::string& name, uint8_t last) {
    std::string out("\x12\x34\x81\x80\0\1\0\1\0\0\0\0", 12);
    out += dns_name(name) + std::string("\0\1\0\1", 4);
    out += std::string("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0", 15) + static_cast<char>(last);
    return out;
}

Frame dns_packet(uint8_t to, const std::string& message, uint16_t port = 53) {
    return make(Datagram{
        .from = 99, .to = to, .source_port = port, .target_port = 5555, .data = bytes_of(message)});
}

std::span<const std::byte> as_bytes(const std::string& text) {
    return std::as_bytes(std::span(text));
}

// A connection whose client sends `pieces`, given as offset and text, after a SYN.
CaptureFile connection(const std::vector<std::pair<uint32_t, std::string>>& pieces) {
    CaptureFile file;
    uint64_t now = 1'000'000'000;
    constexpr uint32_t kFirst = 0xffffff00;  // wraps
    file.add(make(Segment{.sequence = kFirst - 1, .flags = kSyn}), now++);
    file.add(make(Segment{.from = 2,
                          .to = 1,
                          .source_port = 20000,
                          .target_port = 40000,
                          .sequence = 7,
                          .acknowledgment = kFirst,
                          .flags = kSyn | kAck}),
             now++);
    for (const auto& [offset, text] : pieces) {
        file.add(
            make(Segment{.sequence = kFirst + offset, .acknowledgment = 8, .data = bytes_of(text)}),
            now++);
    }
    return file;
}

TEST_CASE("names of real TLS, HTTP and DNS are those that tshark reads") {
    const auto server_names = by_stream(kNamesFile, "tls.handshake.extensions_server_name");
    const auto hosts = by_stream(kNamesFile, "http.host");
    std::map<std::string, std::string> addresses;
    for (const auto& row : test::tshark_fields(kNamesFile, "dns.a", {"dns.a", "dns.qry.name"})) {
        addresses.emplace(row[0], row[1]);
    }
    REQUIRE(server_names.size() == 3);
    REQUIRE(hosts.size() == 2);
    REQUIRE(addresses.size() == 4);

    const forensics::FlowTable table = CaptureFile::read(kNamesFile).flows();
    uint64_t stream = 0;
    for (const forensics::Flow& flow : table.flows()) {
        if (flow.protocol != 6) {
            continue;
        }
        CAPTURE(stream);
        const auto server_name = server_names.find(stream);
        CHECK(flow.server_name == (server_name == server_names.end() ? "" : server_name->second));
        const auto host = hosts.find(stream);
        CHECK(flow.http_host == (host == hosts.end() ? "" : host->second));
        const auto address = addresses.find(packet::to_text(flow.sides[1].address));
        CHECK(flow.dns_name == (address == addresses.end() ? "" : address->second));
        ++stream;
    }
    CHECK(stream == 7);

    std::map<std::string, std::string> questions;  // by the client's port
    for (const auto& row : test::tshark_fields(kNamesFile, "udp && dns.flags.response == 0",
                                               {"udp.srcport", "dns.qry.name"})) {
        questions.try_emplace(row[0], row[1].substr(0, row[1].find(',')));
    }
    CHECK_FALSE(questions.empty());
    for (const forensics::Flow& flow : table.flows()) {
        if (flow.protocol == 17 && flow.sides[1].port == 53) {
            CHECK(flow.dns_question == questions[std::to_string(flow.sides[0].port)]);
        }
    }
}

TEST_CASE("a request has its host behind a keep-alive byte with which the capture begins") {
    const std::string request = "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
    const std::string byte = GENERATE(std::string(1, '\0'), std::string("\x16"), std::string("x"));
    CaptureFile file;
    file.add(make(Segment{.sequence = 1000, .data = bytes_of(byte)}), 1);
    file.add(make(Segment{.sequence = 1000, .data = bytes_of(byte)}), 2);
    file.add(make(Segment{.sequence = 1001, .data = bytes_of(request)}), 3);
    CHECK(file.flows().flows()[0].http_host == "www.example.com");

    CaptureFile tls;
    tls.add(make(Segment{.sequence = 1000, .data = bytes_of(byte)}), 1);
    tls.add(make(Segment{.sequence = 1001, .data = bytes_of(client_hello("tls.example"))}), 2);
    CHECK(tls.flows().flows()[0].server_name == "tls.example");
}

TEST_CASE("an address has the name that its client was told, the latest before it") {
    CaptureFile file;
    file.add(dns_packet(1, dns_answer("old.example", 2)), 1);
    file.add(dns_packet(1, dns_answer("new.example", 2)), 2);
    file.add(dns_packet(3, dns_answer("other.example", 2)), 3);
    file.add(make(Segment{.flags = kSyn}), 4);
    file.add(dns_packet(1, dns_answer("after.example", 2)), 5);
    file.add(make(Segment{.from = 4, .flags = kSyn}), 6);
    const forensics::FlowTable table = file.flows();
    CHECK(table.flows()[2].dns_name == "new.example");
    CHECK(table.flows()[3].dns_name.empty());
}

TEST_CASE("a name told after a conversation began counts if there is no other") {
    CaptureFile file;
    file.add(make(Segment{.flags = kSyn}), 4);
    file.add(dns_packet(1, dns_answer("after.example", 2)), 5);
    CHECK(file.flows().flows()[0].dns_name == "after.example");
}

TEST_CASE("a conversation with a DNS server has the first name that it is asked for") {
    const auto ask = [](uint16_t port, const std::string& message) {
        return make(Datagram{.source_port = port, .target_port = 53, .data = bytes_of(message)});
    };
    CaptureFile file;
    file.add(dns_packet(1, dns_answer("server.example", 2)), 1);  // the server's own name
    file.add(ask(1000, dns_message("first.example")), 2);
    file.add(ask(1000, dns_message("second.example")), 3);
    file.add(ask(1001, dns_message("", 2)), 4);
    file.add(ask(1002, dns_message("update.example", test::kDnsA, 0x2800)), 5);
    const std::string cut = dns_message("cut.example");
    file.add(ask(1003, cut.substr(0, cut.size() - 1)), 6);
    const std::string asked = dns_message("stream.example");
    const std::string stream =
        std::string{'\0', static_cast<char>(asked.size())} + asked + std::string(20, 'x');
    file.add(make(Segment{.target_port = 53, .sequence = 1, .data = bytes_of(stream.substr(0, 9))}),
             7);
    file.add(make(Segment{.target_port = 53, .sequence = 10, .data = bytes_of(stream.substr(9))}),
             8);
    file.add(make(Datagram{.source_port = 5353,
                           .target_port = 5353,
                           .data = bytes_of(dns_message("printer.local", test::kDnsA, 0))}),
             9);
    const forensics::FlowTable table = file.flows();
    const auto& flows = table.flows();
    REQUIRE(flows.size() == 7);
    CHECK(flows[0].dns_question == "server.example");  // of an answer whose query isn't there
    CHECK(flows[1].dns_question == "first.example");
    CHECK(flows[1].dns_name == "server.example");
    CHECK(flows[2].dns_question == ".");
    CHECK(flows[3].dns_question.empty());
    CHECK(flows[4].dns_question.empty());
    CHECK(flows[5].dns_question == "stream.example");
    CHECK(flows[6].dns_question == "printer.local");
}

TEST_CASE("what mDNS tells a group holds for every host") {
    CaptureFile file;
    const Frame message = bytes_of(dns_answer("printer.local", 2));
    Frame packet =
        make(Datagram{.from = 2, .source_port = 5353, .target_port = 5353, .data = message});
    const Frame group{224, 0, 0, 251};
    std::copy(group.begin(), group.end(), packet.begin() + 16);
    file.add(packet, 1);
    file.add(make(Segment{.flags = kSyn}), 2);
    CHECK(file.flows().flows()[1].dns_name == "printer.local");
}

TEST_CASE("an alias leads back to the name that was asked for") {
    std::string message("\0\0\x81\x80\0\0\0\3\0\0\0\0", 12);
    const auto record = [](const std::string& name, uint8_t type, const std::string& data) {
        return dns_name(name) + std::string{0, static_cast<char>(type), 0, 1, 0, 0, 0, 9, 0} +
               static_cast<char>(data.size()) + data;
    };
    message += record("c.example", 1, {10, 0, 0, 9}) +
               record("b.example", 5, dns_name("C.example")) +
               record("a.example", 5, dns_name("b.example"));
    const auto addresses =
        packet::read_dns_addresses(as_bytes(message), packet::DnsSections::kAnswer);
    REQUIRE(addresses.size() == 1);
    CHECK(addresses[0].name == "a.example");
    CHECK(packet::to_text(addresses[0].address) == "10.0.0.9");
}

TEST_CASE("pointers and aliases that go round in circles lead nowhere") {
    const auto read = [](const std::string& message) {
        return packet::read_dns_addresses(as_bytes(message), packet::DnsSections::kAll);
    };
    std::string loop = dns_answer("x.example", 2);
    loop.replace(12, 2, "\xc0\x0c");  // the question's name points to itself
    CHECK(read(loop).empty());
    std::string forward = dns_answer("x.example", 2);
    forward.replace(12, 2, "\xc0\xff");
    CHECK(read(forward).empty());
    const std::string whole = dns_answer("x.example", 2);
    for (size_t length = 0; length < whole.size(); ++length) {
        CHECK(read(whole.substr(0, length)).empty());
    }
    CHECK(read(whole).size() == 1);
}

TEST_CASE("a server name is read from segments in any order, once they are there") {
    const std::string hello = client_hello("ordered.example");
    const std::vector<std::pair<uint32_t, std::string>> pieces{{0, hello.substr(0, 1)},
                                                               {1, hello.substr(1, 9)},
                                                               {10, hello.substr(10, 290)},
                                                               {300, hello.substr(300)}};
    const auto name = [](const std::vector<std::pair<uint32_t, std::string>>& sent) {
        return std::string(connection(sent).flows().flows()[0].server_name);
    };
    CHECK(name(pieces) == "ordered.example");
    CHECK(name({pieces[3], pieces[1], pieces[2], pieces[0]}) == "ordered.example");
    CHECK(name({pieces[2], pieces[0], {0, hello.substr(0, 11)}, pieces[3]}) == "ordered.example");
    CHECK(name({pieces[0], pieces[1], pieces[3]}).empty());
}

// What clients send before a ClientHello, and how long it is as a preamble.
const std::vector<std::pair<std::string, std::string>>& preambles() {
    static const std::string kProxy2("\r\n\r\n\0\r\nQUIT\n", 12);
    static const std::string kProxyEnds("\x0a\0\0\1\x0a\0\0\2\1\2\3\4", 12);
    static const std::vector<std::pair<std::string, std::string>> kPreambles{
        {"SMTP", "EHLO mail.example\r\nSTARTTLS\r\n"},
        {"IMAP", "a1 CAPABILITY\r\na2 STARTTLS\r\n"},
        {"POP3", "CAPA\r\nSTLS\r\n"},
        {"FTP", "AUTH TLS\r\n"},
        {"XMPP",
         "<?xml version='1.0'?><stream:stream to='x.example' xmlns='jabber:client'>"
         "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"},
        {"CONNECT", "CONNECT www.example:443 HTTP/1.1\r\nHost: www.example:443\r\n\r\n"},
        {"PROXY 1", "PROXY TCP4 10.0.0.1 10.0.0.2 1000 443\r\n"},
        {"PROXY 2", kProxy2 + std::string("\x21\x11\0\x0c", 4) + kProxyEnds},
        {"PostgreSQL", std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8)},
        {"PostgreSQL, GSS first",
         std::string("\0\0\0\x08\x04\xd2\x16\x30\0\0\0\x08\x04\xd2\x16\x2f", 16)},
        {"MySQL", std::string("\x20\0\0\1\x85\xae\xff\1\0\0\0\1\x21", 13) + std::string(23, '\0')},
        {"LDAP", std::string("\x30\x1d\2\1\1\x77\x18\x80\x16") + "1.3.6.1.4.1.1466.20037"},
        {"LDAP, long",
         std::string("\x30\x81\x1d\2\1\1\x77\x18\x80\x16") + "1.3.6.1.4.1.1466.20037"},
        {"RDP", std::string("\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0", 19)},
        {"SOCKS 4", std::string("\4\1\1\xbb\x0a\0\0\2user\0", 13)},
        {"SOCKS 4a", std::string("\4\1\1\xbb\0\0\0\1user\0www.example\0", 25)},
        {"SOCKS 5", std::string("\5\1\0\5\1\0\1\x0a\0\0\2\1\xbb", 13)},
        {"SOCKS 5, a name", std::string("\5\2\0\2\5\1\0\3\x0bwww.example\1\xbb", 22)},
        {"SOCKS 5, a password",
         std::string("\5\1\2\1\4user\4pass\5\1\0\4", 19) + std::string(16, '6') + "\1\xbb"},
        {"PROXY 1, CONNECT, SMTP",
         "PROXY TCP4 10.0.0.1 10.0.0.2 1000 443\r\nCONNECT m.example:25 HTTP/1.1\r\n\r\nEHLO "
         "x\r\nSTARTTLS\r\n"},
    };
    return kPreambles;
}

TEST_CASE("a server name is read behind what a client sends before TLS") {
    const std::string hello = client_hello("behind.example");
    for (const auto& [protocol, before] : preambles()) {
        INFO(protocol);
        const std::string sent = before + hello;
        const auto name = [](const std::vector<std::pair<uint32_t, std::string>>& pieces) {
            return std::string(connection(pieces).flows().flows()[0].server_name);
        };
        CHECK(name({{0, sent}}) == "behind.example");
        const auto end = static_cast<uint32_t>(before.size());
        CHECK(name({{0, before}, {end, hello}}) == "behind.example");
        std::vector<std::pair<uint32_t, std::string>> bytes;
        for (uint32_t at = 0; at < sent.size(); at += 2) {
            bytes.emplace_back(at, sent.substr(at, 2));
        }
        CHECK(name(bytes) == "behind.example");
        CHECK(name({{0, before + '\x15' + hello.substr(1)}}).empty());
    }
}

TEST_CASE("a preamble asks for more until it is whole, and is never longer than it says") {
    for (const auto& [protocol, before] : preambles()) {
        for (size_t length = 1; length < before.size(); ++length) {
            INFO(protocol << " " << length);
            const packet::Preamble read = packet::read_preamble(as_bytes(before.substr(0, length)));
            CHECK(read.verdict != Verdict::kOther);
            CHECK(read.length <= length);
        }
    }
    const auto other = [](const std::string& text) {
        return packet::read_preamble(as_bytes(text)).verdict == Verdict::kOther;
    };
    CHECK(other(std::string("\x30\x84\xff\xff\xff\xff\2", 7)));
    CHECK(other(std::string("\x30\x80\2\1\1", 5)));
    CHECK(other(std::string("\5\1\0\5\2\0\1", 7)));  // BIND
    CHECK(other(std::string("\3\0\0\x13\x0e\xd0", 6)));
    CHECK(other("SSH-2.0-OpenSSH\r\n\1"));
    CHECK(other(std::string(packet::kMaxPreamble, 'x')));
}

TEST_CASE("an HTTP host is read behind PROXY, and a CONNECT has both names") {
    const std::string request = "GET / HTTP/1.1\r\nHost: www.example\r\n\r\n";
    const std::string proxy = "PROXY TCP4 10.0.0.1 10.0.0.2 1000 80\r\n";
    CHECK(connection({{0, proxy + request}}).flows().flows()[0].http_host == "www.example");
    const std::string connect = "CONNECT t.example:443 HTTP/1.1\r\nHost: t.example:443\r\n\r\n";
    const forensics::FlowTable table =
        connection(
            {{0, connect}, {static_cast<uint32_t>(connect.size()), client_hello("t.example")}})
            .flows();
    CHECK(table.flows()[0].http_host == "t.example:443");
    CHECK(table.flows()[0].server_name == "t.example");
}

TEST_CASE("the server name behind PostgreSQL's request for TLS is the one that tshark reads") {
    const std::string file = std::string(TEST_DATA) + "/postgresql-tls.pcapng";
    const auto names = by_stream(file, "tls.handshake.extensions_server_name");
    REQUIRE(names.size() == 1);
    const std::string name(CaptureFile::read(file).flows().flows()[0].server_name);
    CHECK(name == names.begin()->second);
}

TEST_CASE("what is no ClientHello and no request gives no name") {
    std::vector<std::byte> scratch;
    const auto tls = [&](const std::string& text) {
        return packet::read_tls_server_name(as_bytes(text), scratch).verdict;
    };
    const auto http = [](const std::string& text) {
        return packet::read_http_host(as_bytes(text)).verdict;
    };
    CHECK(tls("GET / HTTP/1.1\r\n") == Verdict::kOther);
    CHECK(tls(std::string("\x16\3\3\0\4\2\0\0\0", 9)) == Verdict::kOther);
    CHECK(http("EHLO mail.example\r\n") == Verdict::kOther);
    CHECK(http("HTTP/1.1 200 OK\r\n") == Verdict::kOther);
    CHECK(http("GET / HTTP/1.1\r\nAccept: */*\r\n") == Verdict::kMore);
    CHECK(http("GET / HTTP/1.0\r\n\r\n") == Verdict::kFound);
    const std::string hello = client_hello("whole.example");
    for (size_t length = 0; length < hello.size(); ++length) {
        CHECK(tls(hello.substr(0, length)) == Verdict::kMore);
    }
    CHECK(tls(hello) == Verdict::kFound);
}

TEST_CASE("a name is cut at 255 bytes and may hold any byte") {
    std::vector<std::byte> scratch;
    const std::string hello = client_hello(std::string("a\0\n", 3) + std::string(400, 'b'));
    const packet::ReadName read = packet::read_tls_server_name(as_bytes(hello), scratch);
    CHECK(read.name == std::string("a\0\n", 3) + std::string(252, 'b'));
}

TEST_CASE("many connections that never finish their greeting don't grow without end") {
    forensics::FlowTable table;
    CaptureFile file;
    const std::string hello = client_hello("last.example");
    for (unsigned i = 0; i < 3000; ++i) {
        const auto port = static_cast<uint16_t>(1024 + i);
        file.add(make(Segment{.source_port = port, .data = bytes_of(hello.substr(0, 300))}), i);
    }
    // The last that began are still read, the first were given up.
    for (const uint16_t port : {uint16_t{1024}, uint16_t{1024 + 2999}}) {
        file.add(make(Segment{
                     .source_port = port, .sequence = 300, .data = bytes_of(hello.substr(300))}),
                 4000);
    }
    const forensics::FlowTable flows = file.flows();
    CHECK(flows.flows().front().server_name.empty());
    CHECK(flows.flows().back().server_name == "last.example");
}

}  // namespace
