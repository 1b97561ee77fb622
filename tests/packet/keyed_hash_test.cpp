// SPDX-License-Identifier: GPL-2.0-only
#include "packet/keyed_hash.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <string>
#include <unordered_map>

namespace {

using packet::KeyedHash;

// One lane of a hash without a key, of the kind that a file's author can foresee.
uint64_t step(uint64_t lane, uint64_t word) {
    lane = (lane ^ word) * 0x9E3779B97F4A7C15;
    return lane ^ (lane >> 32);
}

std::string text_of(const std::array<uint64_t, 2>& words) {
    std::string text(sizeof(words), '\0');
    std::memcpy(text.data(), words.data(), sizeof(words));
    return text;
}

TEST_CASE("keys made to collide in a hash without a key are spread") {
    constexpr uint64_t kKeys = 10000;
    std::set<uint64_t> unkeyed;
    std::set<size_t> keyed;
    std::unordered_map<std::string, uint64_t, KeyedHash, std::equal_to<>> table;
    const KeyedHash hash;
    for (uint64_t i = 0; i < kKeys; ++i) {
        const uint64_t lane = step(0, i);
        const std::array<uint64_t, 2> words{i, lane};  // the second takes the first one's part away
        unkeyed.insert(step(lane, words[1]));
        const std::string key = text_of(words);
        keyed.insert(hash(key));
        table.emplace(key, i);
    }
    CHECK(unkeyed.size() == 1);
    CHECK(keyed.size() == kKeys);
    size_t fullest = 0;
    for (size_t bucket = 0; bucket < table.bucket_count(); ++bucket) {
        fullest = std::max(fullest, table.bucket_size(bucket));
    }
    CHECK(fullest < 20);
}

TEST_CASE("numbers made to share a bucket are spread") {
    // std::hash of a number is the number.
    constexpr uint32_t kKeys = 10000;
    std::unordered_map<uint32_t, int, KeyedHash> table;
    table.reserve(kKeys);
    const auto buckets = static_cast<uint32_t>(table.bucket_count());
    for (uint32_t i = 0; i < kKeys; ++i) {
        table.emplace(i * buckets, 0);
    }
    size_t fullest = 0;
    for (size_t bucket = 0; bucket < table.bucket_count(); ++bucket) {
        fullest = std::max(fullest, table.bucket_size(bucket));
    }
    CHECK(table.bucket_count() == buckets);
    CHECK(fullest < 20);
}

TEST_CASE("each object has a key of its own, and a copy has the same") {
    const KeyedHash first;
    const KeyedHash second;
    const KeyedHash copy = first;  // NOLINT(performance-unnecessary-copy-initialization)
    CHECK(first("curl") != second("curl"));
    CHECK(first(uint32_t{7}) != second(uint32_t{7}));
    CHECK(copy("curl") == first("curl"));
    CHECK(copy(uint32_t{7}) == first(uint32_t{7}));
}

TEST_CASE("a text has one hash, however it is held") {
    const KeyedHash hash;
    const char* const text = "a comment";
    CHECK(hash(text) == hash(std::string(text)));
    CHECK(hash(text) == hash(std::string_view(text)));
    CHECK(hash("") == hash(std::string_view()));
}

}  // namespace
