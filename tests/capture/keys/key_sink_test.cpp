// SPDX-License-Identifier: GPL-2.0-only
//
// What waits for what, with a clock of the test's own. Times are milliseconds behind kStart.
#include "capture/keys/key_sink.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/support/client_hello.h"

using capture::Packet;
using capture::tls::DerivedSecret;
using capture::tls::KeySink;
using capture::tls::KeySinkOptions;
using capture::tls::KeyStatus;
using packet::ClientRandom;
using packet::KeyLogLine;

namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kStart = 1'763'650'000'000 * kMs;

// What client_hello() has.
ClientRandom hello_random() {
    ClientRandom random{};
    random.fill('r');
    return random;
}

// As a text: packets by their number, secrets by their label.
struct Written : packet::Sink {
    std::vector<std::string> all;

    capture::Result<void> interface(const packet::Interface&) override { return {}; }
    capture::Result<void> packet(const Packet& packet) override {
        all.push_back(std::to_string(packet.number));
        return {};
    }
    capture::Result<void> keys(std::span<const KeyLogLine> lines) override {
        for (const KeyLogLine& line : lines) {
            all.push_back(line.label);
        }
        return {};
    }
    capture::Result<void> idle() override { return {}; }
    capture::Result<void> finish(const std::vector<packet::InterfaceCounters>&) override {
        all.emplace_back("end");
        return {};
    }
};

struct Line {
    explicit Line(const KeySinkOptions& options = {.lag_ns = 300 * kMs, .wait_ns = 5000 * kMs})
        : sink(
              written, [this] { return std::exchange(secrets, {}); }, options,
              [this] { return kStart + now * kMs; }) {
        REQUIRE(sink.interface(ip));
        process.number = 4;
        process.pid = 77;
        process.comm = "curl";
    }

    // A segment of a TCP connection with this payload, captured now.
    void packet(const std::string& payload) {
        std::vector<uint8_t> data = {0x45, 0, 0, 0, 0,  0, 0, 0, 64, 6, 0, 0,
                                     10,   0, 0, 1, 10, 0, 0, 2, 1,  1, 1, 187};
        data.resize(20 + 20);
        data[20 + 12] = 5 << 4;
        data.insert(data.end(), payload.begin(), payload.end());
        data[2] = static_cast<uint8_t>(data.size() >> 8);
        data[3] = static_cast<uint8_t>(data.size());
        Packet packet;
        packet.number = ++packets;
        packet.time_ns = kStart + now * kMs;
        packet.interface = &ip;
        packet.data = data;
        packet.wire_length = static_cast<uint32_t>(data.size());
        packet.self.process = &process;
        REQUIRE(sink.packet(packet));
    }
    void hello() { packet(test::client_hello("example.org")); }

    // A probe sees this secret now.
    void secret(const std::string& label, const ClientRandom& random = hello_random()) {
        DerivedSecret one;
        one.line = {label, random, packet::Secret(std::vector<uint8_t>(32, 1))};
        one.time_ns = kStart + now * kMs;
        one.pid = 77;
        one.library = "OpenSSL 3.0.19";
        secrets.push_back(one);
    }
    void at(uint64_t time) {
        now = time;
        REQUIRE(sink.idle());
    }

    packet::Interface ip{.number = 0, .link_type = 101, .snaplen = 0, .name = "tun0"};
    packet::Process process;
    Written written;
    std::vector<DerivedSecret> secrets;
    uint64_t now = 0;
    uint64_t packets = 0;
    KeySink sink;
};

using All = std::vector<std::string>;

}  // namespace

TEST_CASE("packets wait for the lag, all equally long and in their order") {
    Line line;
    line.packet("a");
    line.at(100);
    line.packet("b");
    line.at(299);
    CHECK(line.written.all.empty());
    line.at(300);
    CHECK(line.written.all == All{"1"});
    line.at(400);
    CHECK(line.written.all == All{"1", "2"});
    CHECK(line.sink.milliseconds_left() == -1);
}

TEST_CASE("a secret stands in front of the hello of its connection, though it came later") {
    Line line;
    line.hello();
    line.at(5);
    line.packet("server's answer");
    line.at(8);
    line.secret("CLIENT_RANDOM");
    line.at(9);
    CHECK(line.written.all == All{"CLIENT_RANDOM"});
    line.at(1000);
    CHECK(line.written.all == All{"CLIENT_RANDOM", "1", "2"});
    CHECK(line.sink.late() == 0);
}

TEST_CASE("a secret that comes ahead of its hello, as for early data, waits for it") {
    Line line;
    line.secret("CLIENT_EARLY_TRAFFIC_SECRET");
    line.at(1);
    CHECK(line.written.all.empty());
    line.hello();
    CHECK(line.written.all == All{"CLIENT_EARLY_TRAFFIC_SECRET"});
}

TEST_CASE("a secret whose hello isn't in the capture is never written") {
    Line line;
    ClientRandom other{};
    other.fill('x');
    line.hello();
    line.secret("CLIENT_RANDOM", other);
    line.at(1);
    line.at(20'000);
    REQUIRE(line.sink.finish({}));
    CHECK(line.written.all == All{"1", "end"});
}

TEST_CASE("a secret that both ends of a connection derive is written once") {
    Line line;
    line.hello();
    line.hello();  // at the other interface
    line.secret("CLIENT_RANDOM");
    line.secret("CLIENT_RANDOM");
    line.at(1);
    CHECK(line.written.all == All{"CLIENT_RANDOM"});
}

TEST_CASE("packets wait longer while a handshake is under way, up to the limit") {
    Line line;
    line.hello();
    line.at(2);
    line.secret("CLIENT_HANDSHAKE_TRAFFIC_SECRET");
    line.secret("SERVER_HANDSHAKE_TRAFFIC_SECRET");
    line.at(3);
    line.now = 10;
    line.packet("finished");
    const All handshake = {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"};
    SECTION("until it has ended") {
        line.at(2000);
        CHECK(line.written.all.size() == 2);
        line.secret("SERVER_TRAFFIC_SECRET_0");
        line.secret("CLIENT_TRAFFIC_SECRET_0");
        line.at(2001);
        CHECK(line.written.all == All{handshake[0], handshake[1], "SERVER_TRAFFIC_SECRET_0",
                                      "CLIENT_TRAFFIC_SECRET_0", "1", "2"});
        CHECK(line.sink.late() == 0);
    }
    SECTION("until the limit, and what comes then is late") {
        line.at(5100);
        CHECK(line.written.all == All{handshake[0], handshake[1], "1", "2"});
        line.secret("SERVER_TRAFFIC_SECRET_0");
        line.at(5101);
        CHECK(line.sink.late() == 1);
    }
}

TEST_CASE("full memory lets the oldest packets go early, and loses none") {
    Line line({.lag_ns = 1'000'000 * kMs, .wait_ns = 0, .memory = 1 << 20});
    const std::string payload(1000, 'p');
    for (int i = 0; i < 5000; i++) {
        line.packet(payload);
    }
    const size_t before = line.written.all.size();
    CHECK(before > 3500);
    REQUIRE(line.sink.finish({}));
    REQUIRE(line.written.all.size() == 5001);
    for (size_t i = 0; i < 5000; i++) {
        REQUIRE(line.written.all[i] == std::to_string(i + 1));
    }
}

TEST_CASE("the end hands everything on, secrets first") {
    Line line;
    line.hello();
    line.secret("CLIENT_RANDOM");
    REQUIRE(line.sink.finish({}));
    CHECK(line.written.all == All{"CLIENT_RANDOM", "1", "end"});
}

TEST_CASE("the status counts the connections of a process, and those with keys") {
    Line line;
    line.hello();
    line.secret("CLIENT_RANDOM");
    line.at(1);
    std::string another = test::client_hello("example.org");
    std::fill(another.begin() + 11, another.begin() + 43, 'z');
    line.packet(another);
    const std::vector<KeyStatus> status = line.sink.status();
    REQUIRE(status.size() == 1);
    CHECK(status[0].comm == "curl");
    CHECK(status[0].pid == 77);
    CHECK(status[0].library == "OpenSSL 3.0.19");
    CHECK(status[0].hellos == 2);
    CHECK(status[0].with_keys == 1);
}
