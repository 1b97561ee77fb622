// SPDX-License-Identifier: GPL-2.0-only
#include "capture/filter/classic_bpf.h"

#include <fmt/format.h>

#include <linux/bpf_common.h>

namespace capture {
namespace {

constexpr uint16_t kReturnValue = BPF_RET | BPF_K;

// A BPF_SIZE() that exists in extended BPF only.
constexpr uint16_t kDoubleWord = 0x18;

std::string unknown(const sock_filter& insn) {
    return fmt::format("unknown operation {:#x}", insn.code);
}

std::optional<std::string> fault_of_load(const sock_filter& insn) {
    const bool word = BPF_SIZE(insn.code) == BPF_W;
    const bool to_a = BPF_CLASS(insn.code) == BPF_LD;
    switch (BPF_MODE(insn.code)) {
        case BPF_ABS:
        case BPF_IND:
            if (to_a && BPF_SIZE(insn.code) != kDoubleWord) {
                return std::nullopt;
            }
            break;
        case BPF_IMM:
        case BPF_LEN:
            if (word) {
                return std::nullopt;
            }
            break;
        case BPF_MEM:
            if (word) {
                return insn.k < BPF_MEMWORDS
                           ? std::nullopt
                           : std::optional(fmt::format("no memory word {}", insn.k));
            }
            break;
        case BPF_MSH:
            if (!to_a && BPF_SIZE(insn.code) == BPF_B) {
                return std::nullopt;
            }
            break;
        default:
            break;
    }
    return unknown(insn);
}

std::optional<std::string> fault_of_arithmetic(const sock_filter& insn) {
    const uint16_t operation = BPF_OP(insn.code);
    if (operation > BPF_XOR) {
        return unknown(insn);
    }
    if (BPF_SRC(insn.code) == BPF_X) {
        return std::nullopt;
    }
    if (insn.k == 0 && (operation == BPF_DIV || operation == BPF_MOD)) {
        return "division by zero";
    }
    if (insn.k >= 32 && (operation == BPF_LSH || operation == BPF_RSH)) {
        return fmt::format("a shift by {} bits", insn.k);
    }
    return std::nullopt;
}

std::optional<std::string> fault_of(const sock_filter& insn) {
    switch (BPF_CLASS(insn.code)) {
        case BPF_LD:
        case BPF_LDX:
            return fault_of_load(insn);
        case BPF_ST:
        case BPF_STX:
            return insn.k < BPF_MEMWORDS ? std::nullopt
                                         : std::optional(fmt::format("no memory word {}", insn.k));
        case BPF_ALU:
            return fault_of_arithmetic(insn);
        case BPF_JMP:
            return BPF_OP(insn.code) <= BPF_JSET ? std::nullopt : std::optional(unknown(insn));
        case BPF_RET:
            return BPF_RVAL(insn.code) == BPF_K || BPF_RVAL(insn.code) == BPF_A
                       ? std::nullopt
                       : std::optional(unknown(insn));
        default:
            return BPF_MISCOP(insn.code) == BPF_TAX || BPF_MISCOP(insn.code) == BPF_TXA
                       ? std::nullopt
                       : std::optional(unknown(insn));
    }
}

bool is_jump(const sock_filter& insn) {
    return BPF_CLASS(insn.code) == BPF_JMP;
}

bool is_backward(const sock_filter& insn) {
    return insn.code == (BPF_JMP | BPF_JA) && static_cast<int32_t>(insn.k) < 0;
}

// Returns the instructions that may follow this one. An index past the end means that the program
// would leave its code.
std::vector<size_t> successors(const ClassicProgram& program, size_t at) {
    const sock_filter& insn = program[at];
    if (BPF_CLASS(insn.code) == BPF_RET) {
        return {};
    }
    if (!is_jump(insn)) {
        return {at + 1};
    }
    if (BPF_OP(insn.code) != BPF_JA) {
        return {at + 1 + insn.jt, at + 1 + insn.jf};
    }
    const int64_t next = static_cast<int64_t>(at) + 1 + static_cast<int32_t>(insn.k);
    return {next < 0 ? program.size() : static_cast<size_t>(next)};
}

}  // namespace

std::optional<std::string> fault_of(const ClassicProgram& program) {
    if (program.empty()) {
        return "it is empty";
    }
    for (size_t at = 0; at < program.size(); at++) {
        if (const auto fault = fault_of(program[at])) {
            return fmt::format("instruction {}: {}", at, *fault);
        }
        for (const size_t next : successors(program, at)) {
            if (next >= program.size()) {
                return fmt::format("instruction {}: leads out of the program", at);
            }
        }
    }
    return std::nullopt;
}

ClassicProgram unroll_loops(const ClassicProgram& program, size_t limit) {
    bool loops = false;
    for (const sock_filter& insn : program) {
        loops = loops || is_backward(insn);
    }
    if (!loops) {
        return program;
    }
    ClassicProgram copies;
    copies.reserve(program.size() * (limit + 1));
    for (size_t copy = 0; copy <= limit; copy++) {
        for (sock_filter insn : program) {
            if (is_backward(insn) && copy == limit) {
                insn = {kReturnValue, 0, 0, 0};
            } else if (is_backward(insn)) {
                insn.k += static_cast<uint32_t>(program.size());
            }
            copies.push_back(insn);
        }
    }
    return copies;
}

std::vector<bool> reachable(const ClassicProgram& program) {
    std::vector<bool> reached(program.size());
    std::vector<size_t> open{0};
    while (!open.empty()) {
        const size_t at = open.back();
        open.pop_back();
        if (!reached[at]) {
            reached[at] = true;
            for (const size_t next : successors(program, at)) {
                open.push_back(next);
            }
        }
    }
    return reached;
}

uint32_t load_width(const sock_filter& insn) {
    switch (BPF_SIZE(insn.code)) {
        case BPF_B:
            return 1;
        case BPF_H:
            return 2;
        default:
            return 4;
    }
}

AncillaryLoad ancillary_load(const sock_filter& insn) {
    if (BPF_CLASS(insn.code) != BPF_LD || BPF_MODE(insn.code) != BPF_ABS) {
        return AncillaryLoad::kNone;
    }
    switch (static_cast<int32_t>(insn.k)) {
        case SKF_AD_OFF + SKF_AD_PKTTYPE:
            return AncillaryLoad::kPacketType;
        case SKF_AD_OFF + SKF_AD_VLAN_TAG:
            return AncillaryLoad::kVlanTag;
        case SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT:
            return AncillaryLoad::kVlanTagPresent;
        default:
            return AncillaryLoad::kNone;
    }
}

bool is_absolute_load(const sock_filter& insn) {
    return (BPF_CLASS(insn.code) == BPF_LD && BPF_MODE(insn.code) == BPF_ABS &&
            ancillary_load(insn) == AncillaryLoad::kNone) ||
           (BPF_CLASS(insn.code) == BPF_LDX && BPF_MODE(insn.code) == BPF_MSH);
}

bool is_indirect_load(const sock_filter& insn) {
    return BPF_CLASS(insn.code) == BPF_LD && BPF_MODE(insn.code) == BPF_IND;
}

}  // namespace capture
