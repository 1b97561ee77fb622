// SPDX-License-Identifier: GPL-2.0-only
//
// Server names of QUIC: the packets of the RFCs and of a real client beside tshark, and made-up
// ones that are split, late, changed or hostile.
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "forensics/analysis/quic_keys.h"
#include "tests/forensics/capture_file.h"
#include "tests/support/client_hello.h"
#include "tests/support/quic.h"
#include "tests/support/temporary_folder.h"

namespace {

using test::bytes_of;
using test::CaptureFile;
using test::client_hello_message;
using test::Datagram;
using test::make;
using test::quic_crypto;
using test::quic_initial;
using test::QuicPacket;

const std::string kQuicFile = std::string(TEST_DATA) + "/quic.pcapng";

// A conversation whose client sends these datagrams.
CaptureFile conversation(const std::vector<std::string>& datagrams, uint16_t port = 443) {
    CaptureFile file;
    uint64_t now = 1'000'000'000;
    for (const std::string& datagram : datagrams) {
        file.add(make(Datagram{.target_port = port, .data = bytes_of(datagram)}), now++);
    }
    return file;
}

std::string name_of(const std::vector<std::string>& datagrams) {
    return std::string(conversation(datagrams).flows().flows()[0].server_name);
}

TEST_CASE("QUIC's server names of the RFCs' and a real client's packets are those tshark reads") {
    std::map<std::string, std::string> names;  // by the client's port
    for (const auto& row :
         test::tshark_fields(kQuicFile, "tls.handshake.extensions_server_name",
                             {"udp.srcport", "tls.handshake.extensions_server_name"})) {
        names[row[0]] = row[1];
    }
    CHECK(names.size() >= 3);
    const forensics::FlowTable table = CaptureFile::read(kQuicFile).flows();
    std::multiset<std::string> found;
    for (const forensics::Flow& flow : table.flows()) {
        CAPTURE(flow.sides[0].port);
        const auto name = names.find(std::to_string(flow.sides[0].port));
        if (name != names.end()) {
            CHECK(flow.server_name == name->second);
        }
        found.insert(std::string(flow.server_name));
    }
    // RFC 9001, A.2; RFC 9369, A.2; and, not read by every tshark, a draft of version 2.
    CHECK(found == std::multiset<std::string>{"draft2.example", "example.com", "example.com",
                                              "plain.example", "retry.example"});
}

TEST_CASE("a packet of either version is opened, whatever the size of its number") {
    const uint32_t version = GENERATE(1U, test::kQuic2, 0xff000021U);
    const auto number_size = static_cast<uint8_t>(GENERATE(1, 2, 3, 4));
    const std::string frames = quic_crypto(0, client_hello_message("made.example"));
    const std::string datagram = quic_initial(
        {.version = version, .number = 0x81, .number_size = number_size, .frames = frames});
    CHECK(name_of({datagram}) == "made.example");
    for (const size_t at : {size_t{1}, size_t{8}, datagram.size() / 2, datagram.size() - 1}) {
        std::string changed = datagram;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        CHECK(name_of({changed}).empty());
    }
    CHECK(name_of({datagram.substr(0, datagram.size() - 1)}).empty());
}

TEST_CASE("a made-up packet is one to tshark, too") {
    const test::TemporaryFolder folder;
    const std::string file = folder.file("quic.pcapng");
    conversation({quic_initial({.frames = quic_crypto(0, client_hello_message("tshark.example"))})})
        .write(file);
    const auto rows = test::tshark_fields(file, "quic", {"tls.handshake.extensions_server_name"});
    REQUIRE(rows.size() == 1);
    CHECK(rows[0][0] == "tshark.example");
}

TEST_CASE("a ClientHello is put together from frames, packets and datagrams in any order") {
    const std::string hello = client_hello_message("parts.example", 2500);
    const auto part = [&hello](size_t from, size_t size) {
        return quic_crypto(from, hello.substr(from, size));
    };
    const std::string ack("\2\5\0\1\0\1\2", 7);
    const std::string counted("\3\5\0\0\0\1\2\3", 8);
    const std::string padding(40, '\0');
    const auto packet = [](uint32_t number, const std::string& frames) {
        return quic_initial({.number = number, .frames = frames});
    };
    // As Chrome sends it: small frames with pings and padding between, the end first.
    const std::string first =
        packet(0, part(1200, 300) + '\1' + padding + part(0, 100) + '\1' + part(100, 1100));
    const std::string second = packet(1, ack + counted + part(1500, hello.size() - 1500));
    CHECK(name_of({first, second}) == "parts.example");
    CHECK(name_of({second, first}) == "parts.example");
    CHECK(name_of({first + second}) == "parts.example");
    CHECK(name_of({second + first + "anything"}) == "parts.example");
    CHECK(name_of({first, first, second}) == "parts.example");
    CHECK(name_of({first}).empty());
    CHECK(name_of({second}).empty());
}

TEST_CASE("the first packet's keys stay, a Retry brings new ones") {
    const std::string hello = client_hello_message("keys.example", 1500);
    const std::string start = quic_crypto(0, hello.substr(0, 1000));
    const std::string rest = quic_crypto(1000, hello.substr(1000));
    const std::string first = quic_initial({.frames = start});
    // The server has chosen another connection id.
    CHECK(name_of({first, quic_initial({.id = "server's", .number = 1, .frames = rest})}) ==
          "keys.example");
    const QuicPacket again{
        .key_id = "retried", .id = "retried", .token = std::string(70, 't'), .number = 1};
    QuicPacket again_first = again;
    again_first.frames = start;
    QuicPacket again_second = again;
    again_second.frames = rest;
    CHECK(name_of({first, quic_initial(again_first), quic_initial(again_second)}) ==
          "keys.example");
    // A part of another handshake isn't put together with it.
    CHECK(name_of({first, quic_initial(again_second)}).empty());
}

TEST_CASE("what is no Initial packet of a client gives no name") {
    const std::string frames = quic_crypto(0, client_hello_message("never.example"));
    CHECK(name_of({quic_initial({.version = 0x1a2a3a4a, .frames = frames})}).empty());
    CHECK(name_of({quic_initial({.key_id = "other", .frames = frames})}).empty());
    CHECK(name_of({quic_initial({.frames = '\x1c' + frames})}).empty());  // CONNECTION_CLOSE
    CHECK(name_of({quic_initial({.frames = quic_crypto(1U << 20, frames)})}).empty());
    CHECK(name_of({quic_initial({.frames = '\6' + std::string("\x80\xff\xff\xff\xff\xff", 6)})})
              .empty());
    CHECK(name_of({quic_initial({.id = std::string(21, 'i'), .frames = frames})}).empty());
}

TEST_CASE("a conversation is tried a number of times, and many don't grow without end") {
    const std::string hello = client_hello_message("late.example");
    std::vector<std::string> datagrams;
    for (uint32_t i = 0; i < 70; ++i) {
        datagrams.push_back(quic_initial({.number = i, .number_size = 2, .frames = "\1\1\1\1"}));
    }
    datagrams.push_back(quic_initial({.number = 99, .frames = quic_crypto(0, hello)}));
    CHECK(name_of(datagrams).empty());
    datagrams.assign(10, quic_initial({.key_id = "other", .frames = "\1\1\1\1"}));
    datagrams.push_back(quic_initial({.frames = quic_crypto(0, hello)}));
    CHECK(name_of(datagrams).empty());
    datagrams.erase(datagrams.begin(), datagrams.begin() + 3);
    CHECK(name_of(datagrams) == "late.example");

    CaptureFile file;
    const std::string start = quic_initial({.frames = quic_crypto(0, hello.substr(0, 300))});
    const std::string rest =
        quic_initial({.number = 1, .frames = quic_crypto(300, hello.substr(300))});
    for (unsigned i = 0; i < 3000; ++i) {
        file.add(make(Datagram{.source_port = static_cast<uint16_t>(10000 + i),
                               .target_port = 443,
                               .data = bytes_of(start)}),
                 i);
    }
    for (const uint16_t port : {uint16_t{10000}, uint16_t{12999}}) {
        file.add(make(Datagram{.source_port = port, .target_port = 443, .data = bytes_of(rest)}),
                 4000);
    }
    const forensics::FlowTable table = file.flows();
    CHECK(table.flows().front().server_name.empty());
    CHECK(table.flows().back().server_name == "late.example");
}

}  // namespace
