// SPDX-License-Identifier: GPL-2.0-only
//
// Small libraries of tests/data/tls, by several compilers for each machine: nm(1) says where the
// function is, the C source where the random is.
#include <fcntl.h>

#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "capture/tls/elf_image.h"
#include "capture/tls/finder.h"
#include "capture/tls/labels.h"
#include "pcapng/fd.h"
#include "tests/support/command.h"

namespace {

using capture::tls::ElfImage;
using capture::tls::Finding;
using capture::tls::KeyLogFunction;
using capture::tls::Operand;
using capture::tls::PlaintextFunction;
using capture::tls::PlaintextLibrary;
using pcapng::Fd;

std::string path_of(const std::string& name) {
    return std::string(TEST_DATA) + "/tls/" + name;
}

Fd open_library(const std::string& name) {
    Fd file(open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(file.valid());
    return file;
}

Finding find(const std::string& name) {
    const Fd file = open_library(name);
    auto finding = capture::tls::find_tls(file.get());
    REQUIRE(finding);
    return *std::move(finding);
}

uint64_t offset_of_symbol(const std::string& name, const std::string& symbol) {
    std::istringstream lines(test::output_of({"nm", "--defined-only", path_of(name)}));
    uint64_t address = 0;
    std::string kind;
    std::string word;
    while (lines >> std::hex >> address >> kind >> word && word != symbol) {
    }
    REQUIRE(word == symbol);
    const Fd file = open_library(name);
    const auto image = ElfImage::read(file.get());
    REQUIRE(image);
    return image->file_offset(address).value();
}

struct Machine {
    std::vector<std::string> libraries;
    bool is_32_bits = false;
    Operand label;
    Operand client_random;
    Operand secret;
    Operand secret_length;
};

// x86-64: rdi 112, rsi 104, rdx 96, rcx 88, and sp 152 in pt_regs. In key_log.c the object's state
// is behind 20 longs, and its client's random behind a long and 32 bytes.
const std::vector<Machine> kMachines = {
    {{"x86-64.so", "x86-64-clang.so"},
     false,
     {104, 0, {}},
     {112, 1, {20 * 8, 8 + 32}},
     {96, 0, {}},
     {88, 0, {}}},
    {{"i386.so", "i386-clang.so"},
     true,
     {152, 1, {8}},
     {152, 2, {4, 20 * 4, 4 + 32}},
     {152, 1, {12}},
     {152, 1, {16}}},
    {{"aarch64-clang.so"}, false, {8, 0, {}}, {0, 1, {20 * 8, 8 + 32}}, {16, 0, {}}, {24, 0, {}}},
};

}  // namespace

TEST_CASE("a key log's function is where nm says, and its recipe reads what the source means") {
    for (const Machine& machine : kMachines) {
        for (const std::string& name : machine.libraries) {
            CAPTURE(name);
            const Finding finding = find(name);
            CHECK(finding.has_tls);
            CHECK(finding.unsupported.empty());
            REQUIRE(finding.functions.size() == 1);
            const KeyLogFunction& function = finding.functions[0];
            CHECK(function.file_offset == offset_of_symbol(name, "log_secret"));
            CHECK(function.recipe.label == machine.label);
            CHECK(function.recipe.client_random == machine.client_random);
            CHECK(function.recipe.secret == machine.secret);
            CHECK(function.recipe.secret_length == machine.secret_length);
            CHECK(function.recipe.pointers_of_32_bits == machine.is_32_bits);
            CHECK(!function.recipe.has_label_length);
            CHECK(function.labels.size() == 5);
        }
    }
}

TEST_CASE(
    "NSS's functions that pass plaintext are where nm says, and have the arguments of nspr's "
    "prio.h") {
    struct {
        std::vector<std::string> libraries;
        Operand object;
        Operand buffer;
        Operand length;
        Operand flags;
    } const machines[] = {
        {{"nss-x86-64.so", "nss-x86-64-clang.so"},
         {112, 1, {8}},
         {104, 0, {}},
         {96, 0, {}},
         {88, 0, {}}},
        {{"nss-i386.so", "nss-i386-clang.so"},
         {152, 2, {4, 4}},
         {152, 1, {8}},
         {152, 1, {12}},
         {152, 1, {16}}},
        {{"nss-aarch64.so", "nss-aarch64-clang.so"},
         {0, 1, {8}},
         {8, 0, {}},
         {16, 0, {}},
         {24, 0, {}}},
    };
    for (const auto& machine : machines) {
        for (const std::string& name : machine.libraries) {
            CAPTURE(name);
            const Finding finding = find(name);
            CHECK(finding.has_tls);
            CHECK(finding.plaintext_unsupported.empty());
            REQUIRE(finding.plaintext.size() == 4);
            for (const PlaintextFunction& function : finding.plaintext) {
                const std::string symbol(name_of(function.call));
                CAPTURE(symbol);
                CHECK(function.library == PlaintextLibrary::kNss);
                CHECK(function.file_offset == offset_of_symbol(name, symbol));
                CHECK(function.object == machine.object);
                CHECK(function.buffer == machine.buffer);
                CHECK(function.length == machine.length);
                CHECK(function.has_flags == (symbol == "ssl_Recv"));
                CHECK((!function.has_flags || function.flags == machine.flags));
                CHECK(is_sending(function.call) == (symbol == "ssl_Write" || symbol == "ssl_Send"));
                CHECK_FALSE(function.has_wide_length);
                CHECK_FALSE(function.has_wide_result);
            }
        }
    }
}

TEST_CASE("of a table with a gap, and of two, no function is guessed") {
    for (const char* name : {"nss-gap.so", "nss-two-tables.so"}) {
        CAPTURE(name);
        const Finding finding = find(name);
        CHECK(finding.plaintext.empty());
        CHECK(finding.plaintext_unsupported ==
              std::vector<std::string>{"NSS: the table of its functions wasn't found"});
    }
}

TEST_CASE("labels are where the file has them") {
    for (const Machine& machine : kMachines) {
        for (const std::string& name : machine.libraries) {
            CAPTURE(name);
            const Fd file = open_library(name);
            const auto image = ElfImage::read(file.get());
            REQUIRE(image);
            const Finding finding = find(name);
            for (const auto& label : finding.functions.at(0).labels) {
                CHECK(image->has_text(label.address, label.text));
            }
        }
    }
}

TEST_CASE("two places that may be the random, or none, are no place") {
    for (const char* name : {"two-randoms.so", "no-random.so"}) {
        CAPTURE(name);
        const Finding finding = find(name);
        CHECK(finding.has_tls);
        CHECK(finding.functions.empty());
        REQUIRE(finding.unsupported.size() == 1);
        CHECK(test::contains(finding.unsupported[0], "wasn't found"));
    }
}

TEST_CASE("secrets of rustls that are made only when it is asked to log them aren't found") {
    const Finding finding = find("rust-made-when-asked.so");
    CHECK(finding.has_tls);
    CHECK(finding.functions.size() == 1);  // of TLS 1.2
    REQUIRE(finding.unsupported.size() == 1);
    CHECK(test::contains(finding.unsupported[0], "TLS 1.3"));
}
