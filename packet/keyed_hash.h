// SPDX-License-Identifier: GPL-2.0-only
//
// KeyedHash: XXH3 with a random seed, for tables whose keys come from a file or from the network.
// Whoever chose the keys doesn't know the seed, and can't choose keys that collide. Each object has
// a seed of its own, and copies share it; a hash means nothing to another object or process.
#pragma once

#define XXH_INLINE_ALL  // keys have few bytes, most of them a number that the compiler knows
#include <xxhash.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace packet {

// Integers, and structs of them without padding: equal values have equal bytes. No pointer to text.
template <typename Value>
concept PlainValue = std::has_unique_object_representations_v<Value> &&
    !std::convertible_to<const Value&, std::string_view>;

// Returns a number that nobody can foresee.
uint64_t random_seed();

class KeyedHash {
  public:
    using is_transparent = void;  // a string's table is asked by string_view

    KeyedHash() : seed_(random_seed()) {}

    size_t operator()(std::string_view text) const {
        return XXH3_64bits_withSeed(text.data(), text.size(), seed_);
    }
    template <PlainValue Value>
    size_t operator()(const Value& value) const {
        return XXH3_64bits_withSeed(&value, sizeof(value), seed_);
    }

  private:
    uint64_t seed_;
};

}  // namespace packet
