// SPDX-License-Identifier: GPL-2.0-only
//
// What of a ring is mapped when, by the kernel's own list of mappings.
#include "capture/kernel/ring.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/capture/kernel/fake_ring.h"

using capture::Ring;
using test::FakeRing;

namespace {

constexpr size_t kSize = 1U << 20;
constexpr size_t kRecord = 10'000;

// Bytes that are mapped for reading only of files in memory: of rings, all but the reader's
// position.
size_t mapped_bytes() {
    size_t bytes = 0;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        if (line.find("r--s") != std::string::npos && line.find("memfd:") != std::string::npos) {
            uint64_t begin = 0;
            uint64_t end = 0;
            char dash = 0;
            std::istringstream(line) >> std::hex >> begin >> dash >> end;
            bytes += end - begin;
        }
    }
    return bytes;
}

// Adds records of different bytes, and reads them. Returns how many of them weren't as they had
// been added.
size_t pass(FakeRing& fake, Ring& ring, size_t bytes) {
    std::vector<std::byte> record(kRecord);
    size_t wrong = 0;
    for (size_t passed = 0; passed < bytes; passed += kRecord) {
        for (size_t i = 0; i < record.size(); i++) {
            record[i] = static_cast<std::byte>((passed + i) % 251);
        }
        fake.add(record);
        const auto limit = ring.sample();
        REQUIRE(limit.ok());
        const auto seen = ring.peek(*limit);
        wrong += !std::equal(seen.begin(), seen.end(), record.begin(), record.end());
        ring.advance();
    }
    ring.release();
    return wrong;
}

}  // namespace

TEST_CASE("of a ring as much is mapped as has come, and nothing after a trim") {
    FakeRing fake(kSize);
    Ring ring = fake.open();
    const size_t position = mapped_bytes();
    CHECK(position == static_cast<size_t>(sysconf(_SC_PAGESIZE)));
    CHECK(pass(fake, ring, kSize / 4) == 0);
    CHECK(mapped_bytes() >= position + kSize / 4);
    CHECK(mapped_bytes() <= position + kSize / 2);
    ring.trim();
    CHECK(mapped_bytes() == position);
}

TEST_CASE("records are whole whatever has been mapped and unmapped before") {
    FakeRing fake(kSize);
    Ring ring = fake.open();
    for (int turn = 0; turn < 40; turn++) {
        CHECK(pass(fake, ring, 175'000) == 0);
        ring.trim();
    }
    CHECK(fake.produced() > 5 * kSize);
}

TEST_CASE("a ring that is read as a whole between two trims stays mapped") {
    FakeRing fake(kSize);
    Ring ring = fake.open();
    CHECK(pass(fake, ring, kSize + kRecord) == 0);
    const size_t whole = mapped_bytes();
    CHECK(whole > kSize);
    ring.trim();
    CHECK(mapped_bytes() == whole);
    CHECK(pass(fake, ring, kRecord) == 0);
    ring.trim();
    CHECK(mapped_bytes() < kSize);
}
