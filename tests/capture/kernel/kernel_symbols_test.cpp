// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/kernel_symbols.h"

#include <catch2/catch.hpp>
#include <sstream>
#include <string>

using capture::KernelSymbols;

namespace {

KernelSymbols parse(const std::string& text) {
    std::istringstream lines(text);
    return KernelSymbols::parse(lines);
}

}  // namespace

TEST_CASE("an address belongs to the function that begins before it, whatever the order of lines") {
    const KernelSymbols symbols = parse(
        "ffffffff81002000 t second\n"
        "ffffffff81001000 T first\n"
        "ffffffff81001800 d data\n"
        "ffffffff81002000 t alias\n"
        "ffffffffc0001000 t of_module\t[module]\n");
    CHECK(symbols.function_at(0xffffffff81000fff).empty());
    CHECK(symbols.function_at(0xffffffff81001000) == "first");
    CHECK(symbols.function_at(0xffffffff81001fff) == "first");
    CHECK(symbols.function_at(0xffffffff81002001) == "second");
    CHECK(symbols.function_at(0xffffffffc0001010) == "of_module");
}

TEST_CASE("an address far behind the last function is of none") {
    const KernelSymbols symbols = parse("ffffffff81001000 T only\n");
    CHECK(symbols.function_at(0xffffffff81101000).empty());
    CHECK(symbols.function_at(~uint64_t{0}).empty());
    CHECK(symbols.function_at(0).empty());
}

TEST_CASE("a function lies before the next one, and no further than any is long") {
    using Addresses = std::pair<uint64_t, uint64_t>;
    const KernelSymbols symbols = parse(
        "ffffffff81000800 T first\n"
        "ffffffff81001000 T second\n");
    CHECK(symbols.addresses_of("first") == Addresses{0xffffffff81000800, 0xffffffff81001000});
    CHECK(symbols.addresses_of("second") == Addresses{0xffffffff81001000, 0xffffffff81101000});
    CHECK_FALSE(symbols.addresses_of("firs"));
    CHECK_FALSE(symbols.addresses_of(""));
}

TEST_CASE("hidden addresses, and lines that aren't symbols, are left out") {
    CHECK(parse("0000000000000000 T hidden\n").empty());
    CHECK(parse("\nT\nffffffff81001000\nffffffff81001000 T\nxyz T name\n").empty());
    CHECK(parse("").empty());
}
