// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/number_index.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <unordered_map>
#include <vector>

using forensics::NumberIndex;

namespace {

// The upper half of a hash is what the index uses of it.
uint64_t hash_of(uint32_t tag) {
    return uint64_t{tag} << 32;
}

// Inserts numbers with these tags, some of which are removed again, and looks all up.
void check_against_a_map(const std::vector<uint32_t>& tags) {
    NumberIndex index;
    std::unordered_map<uint32_t, uint32_t> tag_by_number;
    const auto slot_of = [&](uint32_t tag, uint32_t number) {
        return index.find(hash_of(tag), [&](uint32_t known) { return known == number; });
    };
    for (uint32_t number = 0; number < tags.size(); number++) {
        const size_t slot = slot_of(tags[number], number);
        REQUIRE(index.at(slot) == NumberIndex::kNone);
        index.insert(slot, hash_of(tags[number]), number);
        tag_by_number[number] = tags[number];
        if (number % 7 == 3) {
            const uint32_t gone = number / 2;
            if (tag_by_number.erase(gone) == 1) {
                index.erase(slot_of(tags[gone], gone));
            }
        }
    }
    size_t wrong = 0;
    for (uint32_t number = 0; number < tags.size(); number++) {
        const uint32_t expected = tag_by_number.contains(number) ? number : NumberIndex::kNone;
        wrong += index.at(slot_of(tags[number], number)) != expected;
    }
    CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("a number is found under its hash whatever the index has grown to") {
    std::mt19937 random(1);
    std::vector<uint32_t> tags(200'000);
    for (uint32_t& tag : tags) {
        tag = static_cast<uint32_t>(random());
    }
    check_against_a_map(tags);
}

TEST_CASE("rows of full slots that run over the index's end survive its growth") {
    // At each size there is a row that begins in the last slots: their numbers have all bits of the
    // size set. Half of them stay there, the others belong at the beginning of what is new.
    std::mt19937 random(2);
    std::vector<uint32_t> tags;
    for (uint32_t bits = 10; bits < 17; bits++) {
        for (uint32_t i = 0; i < 300; i++) {
            const uint32_t last = (1U << bits) - 1 - i % 3;
            tags.push_back(last | (static_cast<uint32_t>(random()) << bits));
        }
        for (uint32_t i = 0; i < (1U << bits) * 5 / 8; i++) {
            tags.push_back(static_cast<uint32_t>(random()));
        }
    }
    check_against_a_map(tags);
}
