// SPDX-License-Identifier: GPL-2.0-only
#include "capture/filter/bpf_listing.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <iterator>

namespace capture {
namespace {

bool is_64_bits(const bpf_insn& insn) {
    return BPF_CLASS(insn.code) == BPF_ALU64 || BPF_CLASS(insn.code) == BPF_JMP;
}

// Returns r0 … r10, or w0 … w10 for their lower halves.
std::string name_of(uint8_t number, bool whole) {
    return fmt::format("{}{}", whole ? 'r' : 'w', number);
}

std::string operand(const bpf_insn& insn) {
    if (BPF_SRC(insn.code) == BPF_X) {
        return name_of(insn.src_reg, is_64_bits(insn));
    }
    return fmt::format("{}{:#x}", insn.imm < 0 && is_64_bits(insn) ? "-" : "",
                       insn.imm < 0 && is_64_bits(insn) ? 0U - static_cast<uint32_t>(insn.imm)
                                                        : static_cast<uint32_t>(insn.imm));
}

std::string memory(const bpf_insn& insn, uint8_t base) {
    static constexpr std::array kSizes = {"u32", "u16", "u8", "u64"};
    return fmt::format("*({} *)(r{} {} {})", kSizes[BPF_SIZE(insn.code) >> 3], base,
                       insn.off < 0 ? '-' : '+', insn.off < 0 ? -insn.off : insn.off);
}

std::string arithmetic(const bpf_insn& insn) {
    static constexpr std::array kOperations = {
        "+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>="};
    const std::string to = name_of(insn.dst_reg, is_64_bits(insn));
    if (BPF_OP(insn.code) == BPF_END) {
        return fmt::format("r{0} = be{1} r{0}", insn.dst_reg, insn.imm);
    }
    if (BPF_OP(insn.code) == BPF_NEG) {
        return fmt::format("{0} = -{0}", to);
    }
    return fmt::format("{} {} {}", to, kOperations[BPF_OP(insn.code) >> 4], operand(insn));
}

const char* helper_name(int32_t function) {
    switch (function) {
        case BPF_FUNC_tail_call:
            return "bpf_tail_call";
        case BPF_FUNC_skb_load_bytes:
            return "bpf_skb_load_bytes";
        case BPF_FUNC_xdp_load_bytes:
            return "bpf_xdp_load_bytes";
        case BPF_FUNC_xdp_get_buff_len:
            return "bpf_xdp_get_buff_len";
        case BPF_FUNC_probe_read_kernel:
            return "bpf_probe_read_kernel";
        default:
            return "helper";
    }
}

std::string jump(const bpf_insn& insn) {
    static constexpr std::array kConditions = {"",    "==", ">", ">=", "&",  "!=", "s>",
                                               "s>=", "",   "",  "<",  "<=", "s<", "s<="};
    switch (BPF_OP(insn.code)) {
        case BPF_CALL:
            return fmt::format("call {}#{}", helper_name(insn.imm), insn.imm);
        case BPF_EXIT:
            return "exit";
        case BPF_JA:
            return fmt::format("goto pc{:+}", insn.off);
        default:
            return fmt::format("if {} {} {} goto pc{:+}", name_of(insn.dst_reg, is_64_bits(insn)),
                               kConditions[BPF_OP(insn.code) >> 4], operand(insn), insn.off);
    }
}

std::string text_of(const bpf_insn& insn) {
    switch (BPF_CLASS(insn.code)) {
        case BPF_LDX:
            return fmt::format("r{} = {}", insn.dst_reg, memory(insn, insn.src_reg));
        case BPF_ST:
            return fmt::format("{} = {}", memory(insn, insn.dst_reg), insn.imm);
        case BPF_STX:
            return fmt::format("{} = r{}", memory(insn, insn.dst_reg), insn.src_reg);
        case BPF_ALU:
        case BPF_ALU64:
            return arithmetic(insn);
        case BPF_JMP:
        case BPF_JMP32:
            return jump(insn);
        default:  // the only BPF_LD instruction that the assembler emits
            return fmt::format("r{} = map", insn.dst_reg);
    }
}

}  // namespace

std::string list_extended(std::span<const bpf_insn> program) {
    std::string text;
    for (size_t at = 0; at < program.size(); at++) {
        const bpf_insn& insn = program[at];
        fmt::format_to(std::back_inserter(text), "{:4}: ({:02x}) {}\n", at, insn.code,
                       text_of(insn));
        if (insn.code == (BPF_LD | BPF_IMM | BPF_DW)) {
            at++;  // occupies two instruction slots
        }
    }
    return text;
}

}  // namespace capture
