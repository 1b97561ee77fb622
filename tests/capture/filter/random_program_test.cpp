// SPDX-License-Identifier: GPL-2.0-only
//
// Classic programs that no expression gives, and some that are none: each is loaded and decides as
// libpcap's interpreter does, or is refused in words of ours.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <string>

#include "capture/filter/filter_translation.h"
#include "tests/capture/filter/loaded_filter.h"
#include "tests/capture/filter/oracle.h"

namespace test {
namespace {

using capture::translate_filter;
using packet::ClassicProgram;

class ProgramMaker {
  public:
    explicit ProgramMaker(Random& random) : random_(&random) {}

    // Jumps go forward and not over the end, which returns.
    ClassicProgram make() {
        ClassicProgram program;
        const uint32_t length = 1 + below(60);
        for (uint32_t at = 0; at + 1 < length; at++) {
            program.push_back(instruction(length - at - 2));
        }
        program.push_back({BPF_RET | BPF_K, 0, 0, below(2)});
        return program;
    }

    // Anything at all.
    sock_filter noise() {
        return {static_cast<uint16_t>(below(4) == 0 ? below(65536) : below(256)),
                static_cast<uint8_t>(below(8)), static_cast<uint8_t>(below(8)), constant()};
    }

    uint32_t below(uint64_t limit) {
        return static_cast<uint32_t>(
            std::uniform_int_distribution<uint64_t>(0, limit - 1)(*random_));
    }

  private:
    uint32_t constant() {
        switch (below(5)) {
            case 0:
                return below(1ULL << 32);
            case 1:
                return below(16);
            default:
                return below(70);
        }
    }

    uint16_t code(int a, int b, int c = 0) { return static_cast<uint16_t>(a | b | c); }

    sock_filter instruction(uint32_t room) {
        static constexpr std::array kSizes = {BPF_W, BPF_H, BPF_B};
        static constexpr std::array kOperations = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR,
                                                   BPF_AND, BPF_LSH, BPF_RSH, BPF_MOD, BPF_XOR};
        static constexpr std::array kJumps = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
        const int source = below(2) == 0 ? BPF_K : BPF_X;
        const auto distance = [&] { return static_cast<uint8_t>(below(std::min(room, 20U) + 1)); };
        switch (below(16)) {
            case 0:
            case 1:
            case 2:
                return {code(BPF_LD, kSizes[below(3)], BPF_ABS), 0, 0, constant()};
            case 3:
            case 4:
                return {code(BPF_LD, kSizes[below(3)], BPF_IND), 0, 0, constant()};
            case 5:
                return {code(BPF_LD, BPF_W, below(2) == 0 ? BPF_IMM : BPF_LEN), 0, 0, constant()};
            case 6:
                return {code(BPF_LDX, BPF_W, below(2) == 0 ? BPF_IMM : BPF_LEN), 0, 0, constant()};
            case 7:
                return {code(BPF_LDX, BPF_B, BPF_MSH), 0, 0, constant()};
            case 8:
                return {code(below(2) == 0 ? BPF_LD : BPF_LDX, BPF_W, BPF_MEM), 0, 0, below(16)};
            case 9:
                return {code(below(2) == 0 ? BPF_ST : BPF_STX, 0), 0, 0, below(16)};
            case 10:
            case 11: {
                const int operation = kOperations[below(kOperations.size())];
                const bool shift = operation == BPF_LSH || operation == BPF_RSH;
                const uint32_t value = shift ? below(32) : std::max(constant(), 1U);
                return {code(BPF_ALU, operation, source), 0, 0, value};
            }
            case 12:
                return {code(BPF_MISC, below(2) == 0 ? BPF_TAX : BPF_TXA), 0, 0, 0};
            case 13:
                if (below(4) == 0) {
                    return {code(BPF_ALU, BPF_NEG), 0, 0, 0};
                }
                return below(4) == 0 ? sock_filter{code(BPF_RET, BPF_A), 0, 0, 0}
                                     : sock_filter{code(BPF_JMP, BPF_JA), 0, 0, distance()};
            default:
                return {code(BPF_JMP, kJumps[below(kJumps.size())], source), distance(), distance(),
                        constant()};
        }
    }

    Random* random_;
};

TEST_CASE("random classic programs are loaded, and decide as libpcap's interpreter does") {
    Random random(21);
    ProgramMaker maker(random);
    const auto packets = make_packets(22, 40, make_ethernet_packet);
    size_t programs = 0;
    size_t matches = 0;
    while (programs < 2000) {
        const ClassicProgram program = maker.make();
        if (!libpcap_accepts(program) || reads_unset_memory(program)) {
            continue;
        }
        programs++;
        capture::FilterTarget target;
        target.context =
            programs % 2 == 0 ? capture::FilterContext::kTc : capture::FilterContext::kXdp;
        auto filter = LoadedFilter::load(program, target);
        INFO(packet::list_classic(program));
        if (!filter) {
            FAIL(filter.error().message);
        }
        for (const Bytes& packet : packets) {
            const bool xdp = target.context == capture::FilterContext::kXdp;
            const bool expected = libpcap_matches(program, xdp ? without_tag(packet) : packet);
            INFO(hexadecimal(packet));
            REQUIRE(filter->matches(packet).value_or(expected) == expected);
            matches += expected ? 1 : 0;
        }
    }
    CHECK(matches > 5000);
}

TEST_CASE("what is no classic program is refused, with the instruction") {
    Random random(23);
    ProgramMaker maker(random);
    size_t refused = 0;
    for (int round = 0; round < 5000; round++) {
        ClassicProgram program = maker.make();
        program[maker.below(program.size())] = maker.noise();
        auto filter = LoadedFilter::load(program, {});
        if (filter) {
            continue;
        }
        INFO(packet::list_classic(program));
        INFO(filter.error().message);
        REQUIRE(filter.error().message.find("the filter is no classic BPF program: instruction ") ==
                0);
        refused++;
    }
    CHECK(refused > 1000);
}

TEST_CASE("every fault of a classic program has its words") {
    const auto fault = [](const ClassicProgram& program) {
        const auto translated = translate_filter(program, nullptr, {});
        REQUIRE(!translated);
        const std::string& message = translated.error().message;
        return message.substr(message.find(": ") + 2);
    };
    const sock_filter end = {BPF_RET | BPF_K, 0, 0, 0};
    const auto with = [&](uint16_t code, uint32_t k, uint8_t yes = 0, uint8_t no = 0) {
        return ClassicProgram{{code, yes, no, k}, end};
    };
    CHECK(fault({}) == "it is empty");
    CHECK(fault({{BPF_LD | BPF_IMM, 0, 0, 0}}) == "instruction 0: leads out of the program");
    CHECK(fault(with(BPF_JMP | BPF_JA, 1)) == "instruction 0: leads out of the program");
    CHECK(fault(with(BPF_JMP | BPF_JA, static_cast<uint32_t>(-2))) ==
          "instruction 0: leads out of the program");
    CHECK(fault(with(BPF_JMP | BPF_JEQ, 0, 0, 1)) == "instruction 0: leads out of the program");
    CHECK(fault(with(BPF_ALU | BPF_DIV | BPF_K, 0)) == "instruction 0: division by zero");
    CHECK(fault(with(BPF_ALU | BPF_MOD | BPF_K, 0)) == "instruction 0: division by zero");
    CHECK(fault(with(BPF_ALU | BPF_LSH | BPF_K, 32)) == "instruction 0: a shift by 32 bits");
    CHECK(fault(with(BPF_ST, 16)) == "instruction 0: no memory word 16");
    CHECK(fault(with(BPF_LD | BPF_MEM, 16)) == "instruction 0: no memory word 16");
    CHECK(fault(with(BPF_LD | 0x18, 0)) == "instruction 0: unknown operation 0x18");
    CHECK(fault(with(BPF_RET | BPF_X, 0)) == "instruction 0: unknown operation 0xe");
    CHECK(fault(with(BPF_JMP | 0x50, 0)) == "instruction 0: unknown operation 0x55");
}

TEST_CASE("a thousand hosts in one expression are a filter that the kernel takes") {
    std::string expression = "dst 10.0.0.1";
    for (int host = 0; host < 1000; host++) {
        expression += fmt::format(" or dst 10.9.{}.{}", host / 256, host % 256);
    }
    // libpcap's optimizer would take minutes for it.
    const auto program = packet::compile_filter(expression, 1, {}, false);
    REQUIRE(program);
    auto filter = LoadedFilter::load(*program, {});
    INFO(program->size() << " instructions");
    if (!filter) {
        FAIL(filter.error().message);
    }
    size_t matches = 0;
    for (const Bytes& packet : make_packets(24, 200, make_ethernet_packet)) {
        const bool expected = libpcap_matches(*program, packet);
        CHECK(filter->matches(packet).value_or(expected) == expected);
        matches += expected ? 1 : 0;
    }
    CHECK(matches > 10);
}

TEST_CASE("a jump over more instructions than 16 bits count arrives") {
    constexpr uint32_t kMany = 1000;  // of some 80 instructions each
    ClassicProgram program = {{BPF_LD | BPF_B | BPF_ABS, 0, 0, 0},
                              {BPF_JMP | BPF_JEQ, 0, 1, 1},
                              {BPF_JMP | BPF_JA, 0, 0, kMany}};
    program.insert(program.end(), kMany, {BPF_LD | BPF_W | BPF_IND, 0, 0, 0});
    program.push_back({BPF_RET | BPF_A, 0, 0, 0});
    auto filter = LoadedFilter::load(program, {});
    if (!filter) {
        FAIL(filter.error().message);
    }
    for (const Bytes& packet : make_packets(25, 20, make_ethernet_packet)) {
        const bool expected = libpcap_matches(program, packet);
        INFO(hexadecimal(packet));
        CHECK(filter->matches(packet).value_or(expected) == expected);
    }
}

}  // namespace
}  // namespace test
