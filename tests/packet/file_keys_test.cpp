// SPDX-License-Identifier: GPL-2.0-only
//
// The packets are those of openssl's programs in tests/data/tls.pcapng, with their key log.
#include "packet/file_keys.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <vector>

#include "packet/dissect/dissect.h"
#include "packet/dissect/tls_hello.h"
#include "tests/support/tls_traffic.h"

using packet::ClientRandom;
using packet::FileKeys;
using packet::KeyLogLine;
using packet::Packet;
using test::sample_keys;
using test::SamplePackets;

namespace {

constexpr uint64_t kMs = 1'000'000;

std::optional<ClientRandom> hello_in(const Packet& packet) {
    const auto dissected = packet::dissect(1, packet.data, packet.wire_length);
    if (!dissected) {
        return std::nullopt;
    }
    const packet::TlsHello hello = packet::hello_of(*dissected);
    return hello.type == packet::TlsHello::Type::kClient ? std::optional(hello.random)
                                                         : std::nullopt;
}

// The lines of each connection, by the packet with its (first) hello.
std::map<size_t, std::vector<KeyLogLine>> lines_by_hello(const SamplePackets& packets) {
    std::map<size_t, std::vector<KeyLogLine>> found;
    std::set<ClientRandom> seen;
    for (size_t i = 0; i < packets.size(); i++) {
        const auto random = hello_in(packets.at(i));
        if (!random || !seen.insert(*random).second) {
            continue;
        }
        for (const KeyLogLine& line : sample_keys()) {
            if (line.client_random == *random) {
                found[i].push_back(line);
            }
        }
    }
    return found;
}

std::vector<KeyLogLine> copy(std::span<const KeyLogLine> lines) {
    return {lines.begin(), lines.end()};
}

}  // namespace

TEST_CASE("every line of a key log is of a hello among the packets") {
    const auto by_hello = lines_by_hello(test::packets_of("tls.pcapng"));
    CHECK(by_hello.size() == 5);
    size_t lines = 0;
    for (const auto& [at, some] : by_hello) {
        lines += some.size();
    }
    CHECK(lines == sample_keys().size());
}

TEST_CASE("keys that have come stand before their connection's hello, and no earlier") {
    const SamplePackets packets = test::packets_of("tls.pcapng");
    const auto by_hello = lines_by_hello(packets);
    FileKeys keys;
    keys.begin_file(packets.times.front());
    CHECK(keys.add(sample_keys(), packets.times.back() + 500 * kMs).empty());
    for (size_t i = 0; i < packets.size(); i++) {
        CAPTURE(i);
        const auto expected = by_hello.find(i);
        CHECK(copy(keys.before(packets.at(i))) ==
              (expected != by_hello.end() ? expected->second : std::vector<KeyLogLine>()));
    }
    CHECK(keys.rest().empty());
    CHECK(keys.lost() == 0);
}

TEST_CASE("a file gets the keys of the hellos that it has, however often files change") {
    const SamplePackets packets = test::packets_of("tls.pcapng");
    const auto by_hello = lines_by_hello(packets);
    for (const size_t per_file : {1u, 2u, 3u, 7u, 20u}) {
        CAPTURE(per_file);
        FileKeys keys;
        keys.begin_file(packets.times.front());
        (void)keys.add(sample_keys(), packets.times.back() + 500 * kMs);
        for (size_t i = 0; i < packets.size(); i++) {
            if (i > 0 && i % per_file == 0) {
                keys.begin_file(packets.times[i]);
            }
            CAPTURE(i);
            const auto due = copy(keys.before(packets.at(i)));
            if (const auto expected = by_hello.find(i); expected != by_hello.end()) {
                CHECK(due == expected->second);
            } else if (const auto again = hello_in(packets.at(i)); again && !due.empty()) {
                CHECK(due.front().client_random == *again);  // repeated, in another file
            } else {
                CHECK(due.empty());
            }
        }
    }
}

TEST_CASE("keys that come behind their hello are due at once, in the same file only") {
    const SamplePackets packets = test::packets_of("tls.pcapng");
    const auto by_hello = lines_by_hello(packets);
    const auto& [at, lines] = *by_hello.begin();
    const auto& [other_at, others] = *std::next(by_hello.begin());
    const uint64_t time = packets.times[at];

    FileKeys keys;
    keys.begin_file(time);
    (void)keys.add(others, time);  // keys are looked for from now on
    CHECK(keys.before(packets.at(at)).empty());
    CHECK(copy(keys.add({&lines.front(), 1}, time + kMs)) ==
          std::vector<KeyLogLine>{lines.front()});
    CHECK(keys.add({&lines.front(), 1}, time + 2 * kMs).empty());  // the other end's
    keys.begin_file(time + 3 * kMs);
    CHECK(keys.add({&lines[1], 1}, time + 4 * kMs).empty());
}

TEST_CASE("keys without a hello go into the file at hand once one can't come any more") {
    const SamplePackets packets = test::packets_of("tls.pcapng");
    const uint64_t time = packets.times.front();
    KeyLogLine line = sample_keys().front();
    line.client_random.fill(7);
    FileKeys keys;
    keys.begin_file(time);
    CHECK(keys.add({&line, 1}, time).empty());
    CHECK(keys.before(packets.at(0)).empty());
    Packet later = packets.at(1);
    later.time_ns = time + 1000 * kMs;
    CHECK(copy(keys.before(later)) == std::vector<KeyLogLine>{line});
    CHECK(keys.before(later).empty());
    KeyLogLine last = line;
    last.label = "CLIENT_RANDOM";
    CHECK(keys.add({&last, 1}, time + 1001 * kMs).empty());
    CHECK(copy(keys.rest()) == std::vector<KeyLogLine>{last});
    CHECK(keys.rest().empty());
    CHECK(keys.lost() == 0);
}

TEST_CASE("before a first packet of QUIC all keys of that time are due, and no others") {
    const SamplePackets packets = test::packets_of("quic.pcapng");
    const std::vector<KeyLogLine> lines = sample_keys();
    const uint64_t time = packets.times.front();
    FileKeys keys;
    keys.begin_file(time - 100'000 * kMs);
    (void)keys.add({&lines[0], 1}, time - 90'000 * kMs);
    (void)keys.add({&lines[1], 1}, time + 1 * kMs);
    (void)keys.add({&lines[2], 1}, time + 90'000 * kMs);
    const auto due = copy(keys.before(packets.at(0)));
    // The first was due anyway.
    CHECK(due == std::vector<KeyLogLine>{lines[0], lines[1]});

    // A window that begins later has nothing of what came long before.
    keys.begin_file(time);
    CHECK(copy(keys.before(packets.at(0))) == std::vector<KeyLogLine>{lines[1]});
    // And what comes during its handshake is due at once.
    FileKeys more;
    more.begin_file(time);
    (void)more.add({&lines[0], 1}, time);
    (void)more.before(packets.at(0));
    CHECK(copy(more.add({&lines[1], 1}, time + kMs)) == std::vector<KeyLogLine>{lines[1]});
    CHECK(more.add({&lines[2], 1}, time + 90'000 * kMs).empty());
}

TEST_CASE("keys take no more than their limit, and those that no file got are counted") {
    const std::vector<KeyLogLine> lines = sample_keys();
    const SamplePackets packets = test::packets_of("tls.pcapng");
    constexpr size_t kLines = 10'000;
    FileKeys keys(64 * 1024);
    keys.begin_file(packets.times.front());
    KeyLogLine line = lines.front();
    for (size_t i = 0; i < kLines; i++) {
        line.client_random[0] = static_cast<uint8_t>(i);
        line.client_random[1] = static_cast<uint8_t>(i >> 8);
        CHECK(keys.add({&line, 1}, packets.times.front()).empty());
    }
    const size_t kept = keys.rest().size();
    CHECK(kept > 64);
    CHECK(kept < 1024);
    CHECK(keys.lost() == kLines - kept);
}
