// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/plaintext_event.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "bpf/own_event.h"
#include "packet/event/layout.h"
#include "packet/event/record.h"

namespace {

// As a program of bpf/plaintext.bpf.c writes it.
std::vector<uint8_t> record_of(const pidcap_plaintext& fixed, const std::string& bytes) {
    std::vector<uint8_t> record(sizeof(fixed));
    std::memcpy(record.data(), &fixed, sizeof(fixed));
    record.insert(record.end(), bytes.begin(), bytes.end());
    return record;
}

std::map<std::string, std::string> texts_of(const std::vector<uint8_t>& record) {
    const packet::EventLayout layout = capture::tls::plaintext_layout();
    std::map<std::string, std::string> texts;
    for (const packet::EventValue& value : packet::read_event(layout, record)) {
        texts[value.field->name] = packet::value_text(value);
    }
    return texts;
}

TEST_CASE("the layout of plaintext is read back from its text as it was") {
    const packet::EventLayout layout = capture::tls::plaintext_layout();
    CHECK(packet::parse_layout(packet::layout_text(layout)) == layout);
}

TEST_CASE("a record of plaintext has the values that the program gave it") {
    pidcap_plaintext fixed{};
    fixed.connection = 0x7f0012345678;
    fixed.asked = 300;
    fixed.passed = 5;
    fixed.descriptor = 7;
    fixed.local = {2, 0x5111, 0x0100007f, {}, 0};
    fixed.remote = {10, 0xbb01, 0, {0xb80d0120, 0, 0, 0x01000000}, 0};
    fixed.bytes = 5U << 16 | sizeof(fixed);
    fixed.library = 1;
    fixed.call = 4;
    fixed.direction = PIDCAP_OUT;
    auto texts = texts_of(record_of(fixed, "GET /"));
    CHECK(texts["direction"] == "sent");
    CHECK(texts["library"] == "OpenSSL");
    CHECK(texts["function"] == "SSL_write");
    CHECK(texts["connection"] == "0x7f0012345678");
    CHECK(texts["fd"] == "7");
    CHECK(texts["local"] == "127.0.0.1:4433");
    CHECK(texts["remote"] == "[2001:db8::1]:443");
    CHECK(texts["asked"] == "300");
    CHECK(texts["passed"] == "5");
    CHECK(texts["missing"] == "0");
    CHECK(texts["bytes"] == "474554202f");
}

TEST_CASE("what isn't known of a connection isn't in its record of plaintext") {
    pidcap_plaintext fixed{};
    fixed.descriptor = -1;
    auto texts = texts_of(record_of(fixed, ""));
    CHECK(texts["fd"] == "unknown");
    CHECK_FALSE(texts.contains("local"));
    CHECK_FALSE(texts.contains("remote"));
    CHECK_FALSE(texts.contains("bytes"));
}

}  // namespace
