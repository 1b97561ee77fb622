// SPDX-License-Identifier: GPL-2.0-only
//
// The messages are those of RFC 8448 (section 3, 5).
#include "packet/dissect/tls_hello.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

using packet::ClientRandom;
using packet::read_dtls_hello;
using packet::read_tls_hello;
using packet::TlsHello;
using Type = packet::TlsHello::Type;
using Bytes = std::vector<std::byte>;

namespace {

Bytes bytes(std::string_view hex) {
    Bytes result;
    for (size_t i = 0; i + 1 < hex.size(); i += 2) {
        result.push_back(
            static_cast<std::byte>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
    }
    return result;
}

const std::string kRandom = "cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7";
const std::string kRest = "000006130113031302010000910000000b0009000006736572766572";
const Bytes kClientHello = bytes("16030100c4010000c00303" + kRandom + kRest);
const Bytes kServerHello = bytes(
    "160303005a020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100"
    "002e");
const Bytes kRetry = bytes(
    "16030300b0020000ac0303cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c00130100"
    "0084");
// Message 0, whole, in epoch 0.
const Bytes kDtlsClientHello =
    bytes("16feff000000000000000000cc010000c000000000000000c0fefd" + kRandom + kRest);

std::span<const std::byte> first(const Bytes& all, size_t size) {
    return std::span(all).first(size);
}

std::string hex(const ClientRandom& random) {
    std::string text;
    for (const uint8_t byte : random) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

}  // namespace

TEST_CASE("a ClientHello's random is found, if the payload has as much") {
    CHECK(read_tls_hello(kClientHello).type == Type::kClient);
    CHECK(hex(read_tls_hello(kClientHello).random) == kRandom);
    for (size_t size = 0; size <= kClientHello.size(); ++size) {
        CAPTURE(size);
        const TlsHello hello = read_tls_hello(first(kClientHello, size));
        CHECK(hello.type == (size < 43 ? Type::kNone : Type::kClient));
    }
}

TEST_CASE("a ClientHello is found behind a ChangeCipherSpec, as the second of a connection is") {
    const auto behind = [](std::string_view start) {
        Bytes payload = bytes(start);
        payload.insert(payload.end(), kClientHello.begin(), kClientHello.end());
        return payload;
    };
    const Bytes payload = behind("140303000101");
    CHECK(hex(read_tls_hello(payload).random) == kRandom);
    CHECK(read_tls_hello(first(payload, 48)).type == Type::kNone);
    CHECK(read_tls_hello(first(payload, 49)).type == Type::kClient);
    CHECK(read_tls_hello(first(payload, 6)).type == Type::kNone);
    CHECK(read_tls_hello(behind("14030300020101")).type == Type::kNone);
    CHECK(read_tls_hello(behind("140303000101140303000101")).type == Type::kNone);
    CHECK(read_tls_hello(behind("150303000101")).type == Type::kNone);
}

TEST_CASE("a ServerHello is told from one that asks for another ClientHello") {
    CHECK(read_tls_hello(kServerHello).type == Type::kServer);
    CHECK(read_tls_hello(kRetry).type == Type::kRetry);
    // Of one that is cut before its random, no more can be said.
    CHECK(read_tls_hello(first(kServerHello, 42)).type == Type::kServer);
    CHECK(read_tls_hello(first(kServerHello, 9)).type == Type::kServer);
    CHECK(read_tls_hello(first(kServerHello, 8)).type == Type::kNone);
}

TEST_CASE("a DTLS ClientHello's random is found, if the datagram has as much") {
    CHECK(read_dtls_hello(kDtlsClientHello).type == Type::kClient);
    CHECK(hex(read_dtls_hello(kDtlsClientHello).random) == kRandom);
    for (size_t size = 0; size <= kDtlsClientHello.size(); ++size) {
        CAPTURE(size);
        const TlsHello hello = read_dtls_hello(first(kDtlsClientHello, size));
        CHECK(hello.type == (size < 59 ? Type::kNone : Type::kClient));
    }
    Bytes server = kDtlsClientHello;
    server[13] = std::byte{2};
    CHECK(read_dtls_hello(server).type == Type::kServer);
}

TEST_CASE("no other message is a hello, and neither is one that contradicts itself") {
    const auto with = [](const Bytes& hello, size_t at, uint8_t value) {
        Bytes changed = hello;
        changed[at] = std::byte{value};
        return changed;
    };
    // Type and version of the record, its length, type, length and version of the message.
    for (const auto& [at, value] :
         {std::pair<size_t, uint8_t>{0, 23}, {1, 2}, {5, 0}, {5, 3}, {5, 11}, {9, 2}}) {
        CAPTURE(at, value);
        CHECK(read_tls_hello(with(kClientHello, at, value)).type == Type::kNone);
        CHECK(read_tls_hello(with(kServerHello, at, value)).type == Type::kNone);
    }
    CHECK(read_tls_hello(with(kClientHello, 4, 37)).type == Type::kNone);  // the record's length
    CHECK(read_tls_hello(with(kClientHello, 4, 38)).type == Type::kClient);
    CHECK(read_tls_hello(with(kClientHello, 8, 33)).type == Type::kNone);  // the message's
    CHECK(read_tls_hello(with(kClientHello, 8, 34)).type == Type::kClient);
    // Likewise, and epoch, the fragment's offset.
    for (const auto& [at, value] : {std::pair<size_t, uint8_t>{0, 23},
                                    {1, 3},
                                    {4, 1},
                                    {12, 45},
                                    {13, 3},
                                    {16, 33},
                                    {19, 1},
                                    {20, 1},
                                    {21, 1},
                                    {25, 3}}) {
        CAPTURE(at, value);
        CHECK(read_dtls_hello(with(kDtlsClientHello, at, value)).type == Type::kNone);
    }
    CHECK(read_tls_hello(kDtlsClientHello).type == Type::kNone);
    CHECK(read_dtls_hello(kClientHello).type == Type::kNone);
    CHECK(read_tls_hello({}).type == Type::kNone);
    CHECK(read_dtls_hello({}).type == Type::kNone);
}
