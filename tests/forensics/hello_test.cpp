// SPDX-License-Identifier: GPL-2.0-only
//
// The ClientHellos that are found among packets: of real programs beside tshark's, and split ones.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "forensics/analysis/hello_reader.h"
#include "tests/forensics/capture_file.h"
#include "tests/support/client_hello.h"
#include "tests/support/command.h"
#include "tests/support/quic.h"
#include "tests/support/temporary_folder.h"

namespace {

using forensics::HelloReader;
using test::CaptureFile;
using test::Frame;
using test::make;
using test::Segment;

std::string hex(const packet::ClientRandom& random) {
    std::string text;
    for (const uint8_t byte : random) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

std::set<std::string> by_us(const CaptureFile& file) {
    HelloReader reader;
    std::set<std::string> randoms;
    for (size_t i = 0; i < file.size(); i++) {
        if (const auto random = reader.packet(file.packet(i))) {
            randoms.insert(hex(*random));
        }
    }
    return randoms;
}

// `options`: of tshark.
std::set<std::string> by_tshark(const std::string& path,
                                const std::vector<std::string>& options = {}) {
    std::set<std::string> randoms;
    for (const std::string protocol : {"tls", "dtls"}) {
        std::vector<std::string> command = {"tshark",
                                            "-r",
                                            path,
                                            "-Y",
                                            protocol + ".handshake.type == 1",
                                            "-T",
                                            "fields",
                                            "-e",
                                            protocol + ".handshake.random"};
        command.insert(command.end(), options.begin(), options.end());
        std::string line;
        for (const char c : test::output_of(command)) {
            if (c == '\n' || c == ',') {
                randoms.insert(line);
                line.clear();
            } else if (c != ':') {
                line += c;
            }
        }
    }
    return randoms;
}

const std::string kDraftRandom = "5adbd684a39b8129c01414bfe11c5a64a976a5ead96b926f7f91711ab7ba12ca";
// The random of client_hello(): 32 times 'r'.
std::string made_up_random() {
    std::string text;
    for (int i = 0; i < 32; i++) {
        text += "72";
    }
    return text;
}

// A connection whose client sends these segments, in order.
CaptureFile sent(const std::vector<std::string>& segments, uint16_t port = 443) {
    CaptureFile file;
    uint64_t now = test::kStart;
    uint32_t sequence = 1000;
    for (const std::string& text : segments) {
        file.add(make(Segment{.target_port = port,
                              .sequence = sequence,
                              .flags = test::kAck,
                              .data = Frame(text.begin(), text.end())}),
                 now++);
        sequence += static_cast<uint32_t>(text.size());
    }
    return file;
}

}  // namespace

TEST_CASE("the ClientHellos of real programs are those that tshark sees") {
    for (const std::string name :
         {"tls.pcapng", "quic.pcapng", "names.pcapng", "postgresql-tls.pcapng"}) {
        CAPTURE(name);
        const std::string path = std::string(TEST_DATA) + "/" + name;
        const auto seen = by_us(CaptureFile::read(path));
        CHECK_FALSE(seen.empty());
        // A draft of version 2 isn't read by every tshark.
        std::set<std::string> expected = by_tshark(path);
        if (name == "quic.pcapng") {
            CHECK(expected.size() >= 3);
            expected.insert(kDraftRandom);
        }
        CHECK(seen == expected);
    }
}

TEST_CASE("a ClientHello is found wherever its first bytes are split, as tshark finds it") {
    const std::string hello = test::client_hello("split.example");
    for (size_t first = 1; first < 60; first++) {
        CAPTURE(first);
        const CaptureFile file = sent({hello.substr(0, first), hello.substr(first)});
        CHECK(by_us(file) == std::set<std::string>{made_up_random()});
        if (first % 20 == 1) {
            const test::TemporaryFolder folder;
            file.write(folder.file("a"));
            CHECK(by_tshark(folder.file("a")) == by_us(file));
        }
    }
    std::vector<std::string> single;
    for (const char c : hello.substr(0, 50)) {
        single.emplace_back(1, c);
    }
    CHECK(by_us(sent(single)) == std::set<std::string>{made_up_random()});
}

TEST_CASE("a ClientHello is found behind a PROXY line and its binary form") {
    const std::string hello = test::client_hello("proxied.example");
    const std::string binary =
        std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16) + std::string(12, '\1');
    for (const std::string& header :
         {std::string("PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n"), binary}) {
        CHECK(by_us(sent({header + hello})) == std::set<std::string>{made_up_random()});
    }
}

TEST_CASE("what is lost, cut or no ClientHello gives none") {
    const std::string hello = test::client_hello("split.example");
    CHECK(by_us(sent({hello.substr(0, 20)})).empty());
    CHECK(by_us(sent({hello.substr(0, 20), "GET / HTTP/1.1\r\n\r\n"})).empty());
    CHECK(by_us(sent({"\x16\3\1", "\x16\3\1"})).empty());
    CHECK(by_us(sent({"GET / HTTP/1.1\r\n\r\n", hello.substr(20)})).empty());
    // The first segment is cut: what follows doesn't continue what there is of it.
    CaptureFile cut;
    cut.add(make(Segment{.sequence = 1, .flags = test::kAck, .data = Frame(30, 22)}), test::kStart,
            40 + 20);
    cut.add(
        make(Segment{
            .sequence = 31, .flags = test::kAck, .data = Frame(hello.begin() + 20, hello.end())}),
        test::kStart);
    CHECK(by_us(cut).empty());
}

TEST_CASE("more conversations than are remembered at once are no harm") {
    const std::string hello = test::client_hello("many.example");
    CaptureFile file;
    for (uint32_t i = 0; i < 10'000; i++) {
        file.add(make(Segment{.source_port = static_cast<uint16_t>(i + 1000),
                              .sequence = 1,
                              .flags = test::kAck,
                              .data = Frame(hello.begin(), hello.begin() + 20)}),
                 test::kStart + i);
    }
    file.add(make(Segment{.source_port = 10'999,
                          .sequence = 21,
                          .flags = test::kAck,
                          .data = Frame(hello.begin() + 20, hello.end())}),
             test::kStart + 10'000);
    CHECK(by_us(file) == std::set<std::string>{made_up_random()});
}
