// SPDX-License-Identifier: GPL-2.0-only
#include "packet/key_log.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

using namespace std::string_literals;
using packet::ClientRandom;
using packet::KeyLogLine;
using packet::parse_key_log_line;

namespace {

const std::string kRandom = "cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7";
const std::string kSecret = "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21";
const std::string kLine = "CLIENT_HANDSHAKE_TRAFFIC_SECRET " + kRandom + " " + kSecret;

std::vector<KeyLogLine> lines_of(std::string_view text) {
    std::vector<KeyLogLine> lines;
    packet::read_key_log(text, [&](const KeyLogLine& line) { lines.push_back(line); });
    return lines;
}

std::string printed(const std::vector<KeyLogLine>& lines) {
    std::string text;
    packet::append_key_log(text, lines);
    return text;
}

}  // namespace

TEST_CASE("a line of a key log is a label, a client random and a secret") {
    const auto line = parse_key_log_line(kLine);
    REQUIRE(line.has_value());
    CHECK(line->label == "CLIENT_HANDSHAKE_TRAFFIC_SECRET");
    CHECK(line->client_random[0] == 0xcb);
    CHECK(line->client_random[31] == 0xe7);
    REQUIRE(line->secret.bytes().size() == 32);
    CHECK(line->secret.bytes()[0] == 0xb3);
    CHECK(line->secret.bytes()[31] == 0x21);
}

TEST_CASE("a line is printed as it was read, in lower case") {
    CHECK(printed({parse_key_log_line(kLine).value()}) == kLine + "\n");
    std::string upper = kLine;
    for (char& c : upper) {
        c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c);
    }
    REQUIRE(upper != kLine);
    CHECK(printed(lines_of(upper)) == kLine + "\n");
}

TEST_CASE("a label needn't be known, a secret may be short or as long as an ECHConfig") {
    CHECK(parse_key_log_line("SOMETHING_NEW_7 " + kRandom + " 00").has_value());
    const auto config =
        parse_key_log_line("ECH_CONFIG " + kRandom + " " + std::string(2 * 65537, '7'));
    REQUIRE(config.has_value());
    CHECK(config->secret.bytes().size() == 65537);
    CHECK_FALSE(parse_key_log_line("ECH_CONFIG " + kRandom + " " + std::string(2 * 65538, '7')));
}

TEST_CASE("what isn't a line of a key log is none") {
    for (const std::string& line : {""s,
                                    " "s,
                                    "  "s,
                                    "# "s + kLine,
                                    "X"s,
                                    "X "s,
                                    "X "s + kRandom,
                                    "X "s + kRandom + " ",
                                    "X  "s + kRandom + " 00",
                                    "X "s + kRandom + "  00",
                                    "X "s + kRandom + " 0",
                                    "X "s + kRandom + " 0g",
                                    "X "s + kRandom + " 00 ",
                                    "X "s + kRandom + " 00 11",
                                    "X "s + kRandom.substr(1) + " 00",
                                    "X "s + kRandom + "0 00",
                                    "x "s + kRandom + " 00",
                                    "X-Y "s + kRandom + " 00",
                                    std::string(65, 'X') + " " + kRandom + " 00",
                                    "RSA 0123456789abcdef "s + kSecret,
                                    "RSA Session-ID:" + kRandom + " Master-Key:" + kSecret,
                                    "\xff\xfe "s + kRandom + " 00"}) {
        CAPTURE(line);
        CHECK_FALSE(parse_key_log_line(line).has_value());
    }
}

TEST_CASE("a key log's lines are read past comments, broken lines and either end of a line") {
    const std::string second = "SERVER_HANDSHAKE_TRAFFIC_SECRET " + kRandom + " " + kSecret;
    const std::string both = kLine + "\n" + second + "\n";
    CHECK(printed(lines_of("")).empty());
    CHECK(printed(lines_of("\n\r\n\n")).empty());
    CHECK(printed(lines_of(kLine)) == kLine + "\n");
    CHECK(printed(lines_of(both)) == both);
    CHECK(printed(lines_of(kLine + "\r\n" + second + "\r\n")) == both);
    CHECK(printed(lines_of("# by hand\n" + kLine + "\n\nwhat is this\n" + second)) == both);
    CHECK(printed(lines_of(kLine + "\0\0\0"s)) == kLine + "\n");
    CHECK(printed(lines_of("\0"s + both)).empty());
    CHECK(printed(lines_of(kLine + "\r\r\n")).empty());
}

TEST_CASE("a key log that ends anywhere gives the lines before that, and no others") {
    const std::string text = kLine + "\n" + kLine + "\n";
    for (size_t size = 0; size <= text.size(); ++size) {
        CAPTURE(size);
        for (const KeyLogLine& line : lines_of(text.substr(0, size))) {
            CHECK(line.client_random == parse_key_log_line(kLine)->client_random);
        }
        CHECK(lines_of(text.substr(0, size)).size() >= size / (kLine.size() + 1));
    }
}

TEST_CASE("exporter secrets are told from those that decrypt") {
    for (const char* label :
         {"EXPORTER_SECRET", "EARLY_EXPORTER_SECRET", "EARLY_EXPORTER_MASTER_SECRET"}) {
        CHECK(packet::is_exporter_label(label));
    }
    for (const char* label :
         {"CLIENT_RANDOM", "CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
          "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0",
          "ECH_SECRET", "ECH_CONFIG", "", "EXPORTER"}) {
        CHECK_FALSE(packet::is_exporter_label(label));
    }
}
