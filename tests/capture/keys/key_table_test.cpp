// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/key_table.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

using capture::tls::DerivedSecret;
using capture::tls::KeyTable;
using packet::ClientRandom;

namespace {

constexpr uint64_t kSecond = 1'000'000'000;

ClientRandom random_of(uint32_t number) {
    ClientRandom random{};
    for (size_t i = 0; i < 4; i++) {
        random[i] = static_cast<uint8_t>(number >> (8 * i));
    }
    return random;
}

DerivedSecret secret_of(uint32_t connection, uint64_t time_ns) {
    DerivedSecret secret;
    secret.line = {"CLIENT_RANDOM", random_of(connection),
                   packet::Secret(std::vector<uint8_t>(48, 7))};
    secret.time_ns = time_ns;
    return secret;
}

packet::Packet packet_at(uint64_t time_ns, const packet::Process* process = nullptr) {
    packet::Packet packet;
    packet.time_ns = time_ns;
    packet.self.process = process;
    return packet;
}

}  // namespace

TEST_CASE("a secret waits 10 seconds for its hello, behind connections that are kept longer") {
    KeyTable table;
    CHECK(table.hello(random_of(1), packet_at(kSecond)).empty());
    CHECK(!table.secret(secret_of(2, 2 * kSecond)));
    CHECK(!table.secret(secret_of(3, 3 * kSecond)));
    table.forget(12 * kSecond);
    CHECK(table.hello(random_of(2), packet_at(12 * kSecond)).empty());
    CHECK(table.hello(random_of(3), packet_at(12 * kSecond)).size() == 1);
    CHECK(table.secret(secret_of(1, 12 * kSecond)));
}

TEST_CASE("a connection is forgotten after ten minutes") {
    KeyTable table;
    CHECK(table.hello(random_of(1), packet_at(0)).empty());
    table.forget(599 * kSecond);
    CHECK(table.secret(secret_of(1, 599 * kSecond)));
    table.forget(600 * kSecond);
    CHECK(!table.secret(secret_of(1, 600 * kSecond)));
}

TEST_CASE("secrets of connections that nobody captures push out each other, no captured one's") {
    KeyTable table;
    CHECK(table.hello(random_of(0), packet_at(kSecond)).empty());
    table.forget(12 * kSecond);
    for (uint32_t i = 1; i < 2 * KeyTable::kMost; i++) {
        CHECK(!table.secret(secret_of(i, 12 * kSecond)));
    }
    CHECK(table.secret(secret_of(0, 13 * kSecond)));
    CHECK(table.hello(random_of(1), packet_at(13 * kSecond)).empty());
    CHECK(table.hello(random_of(2 * KeyTable::kMost - 1), packet_at(13 * kSecond)).size() == 1);
}

TEST_CASE("processes beyond the limit are counted together") {
    KeyTable table;
    packet::Process process;
    for (uint32_t i = 0; i < KeyTable::kMostProcesses + 10; i++) {
        process.number = i;
        process.pid = i + 1;
        CHECK(table.hello(random_of(i), packet_at(i, &process)).empty());
    }
    const auto status = table.status();
    REQUIRE(status.size() == KeyTable::kMostProcesses + 1);
    CHECK(status[0].pid == 0);
    CHECK(status[0].hellos == 10);
}
