// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "capture/tls/disassembler.h"

namespace capture::tls {
namespace {

using Action = Instruction::Action;

constexpr Register kNumberOfRegisters = 16;

// Of xmm0 … xmm15, and of the larger registers that they are parts of.
std::optional<Register> vector_of(unsigned name) {
    for (const unsigned first : {X86_REG_XMM0, X86_REG_YMM0, X86_REG_ZMM0}) {
        if (name >= first && name < first + kVectorRegisters) {
            return static_cast<Register>(name - first);
        }
    }
    return {};
}

Place half_of(Register vector, bool is_high) {
    Place place{.kind = Place::Kind::kRegister, .size = 8, .reg = {}, .number = {}, .memory = {}};
    place.reg =
        static_cast<Register>(kGeneralRegisters + (is_high ? kVectorRegisters : 0) + vector);
    return place;
}

// The register that a name of capstone's is a part of; those of 64 and 32 bits only, or with
// `any_size` the smaller ones, too.
Register register_of(unsigned name, bool any_size) {
    static constexpr std::array<std::array<unsigned, 5>, kNumberOfRegisters> kNames = {{
        {X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH},
        {X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH},
        {X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH},
        {X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH},
        {X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL, X86_REG_SPL},
        {X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL, X86_REG_BPL},
        {X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL, X86_REG_SIL},
        {X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL, X86_REG_DIL},
        {X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B, X86_REG_R8B},
        {X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B, X86_REG_R9B},
        {X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B, X86_REG_R10B},
        {X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B, X86_REG_R11B},
        {X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B, X86_REG_R12B},
        {X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B, X86_REG_R13B},
        {X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B, X86_REG_R14B},
        {X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B, X86_REG_R15B},
    }};
    for (Register number = 0; number < kNumberOfRegisters; ++number) {
        const auto names = std::span(kNames[number]).first(any_size ? 5 : 2);
        if (std::ranges::find(names, name) != names.end()) {
            return number;
        }
    }
    return kNoRegister;
}

Place place_of(const cs_insn& from, const cs_x86_op& operand) {
    Place place;
    place.size = operand.size;
    switch (operand.type) {
        case X86_OP_REG:
            place.reg = register_of(static_cast<unsigned>(operand.reg), false);
            place.kind = place.reg != kNoRegister ? Place::Kind::kRegister : Place::Kind::kNone;
            break;
        case X86_OP_IMM:
            place.kind = Place::Kind::kNumber;
            place.number = operand.imm;
            break;
        case X86_OP_MEM: {
            const unsigned base = operand.mem.base;
            const unsigned index = operand.mem.index;
            if (operand.mem.segment == X86_REG_FS || operand.mem.segment == X86_REG_GS) {
                break;  // of the thread
            }
            place.memory.displacement = operand.mem.disp;
            if (base == X86_REG_RIP) {
                place.memory.displacement += static_cast<int64_t>(from.address + from.size);
            } else if (base != X86_REG_INVALID) {
                place.memory.base = register_of(base, false);
                if (place.memory.base == kNoRegister) {
                    break;
                }
            }
            if (index != X86_REG_INVALID && index != X86_REG_RIZ && index != X86_REG_EIZ) {
                place.memory.index = register_of(index, false);
                if (place.memory.index == kNoRegister) {
                    break;
                }
            }
            place.memory.scale = operand.mem.scale;
            place.kind = Place::Kind::kMemory;
            break;
        }
        default:
            break;
    }
    return place;
}

struct Conditional {
    unsigned jump;
    unsigned move;
    Condition condition;
};
constexpr std::array<Conditional, 16> kConditionals = {{
    {X86_INS_JE, X86_INS_CMOVE, Condition::kEqual},
    {X86_INS_JNE, X86_INS_CMOVNE, Condition::kNotEqual},
    {X86_INS_JB, X86_INS_CMOVB, Condition::kBelow},
    {X86_INS_JBE, X86_INS_CMOVBE, Condition::kBelowOrEqual},
    {X86_INS_JA, X86_INS_CMOVA, Condition::kAbove},
    {X86_INS_JAE, X86_INS_CMOVAE, Condition::kAboveOrEqual},
    {X86_INS_JL, X86_INS_CMOVL, Condition::kUnknown},
    {X86_INS_JLE, X86_INS_CMOVLE, Condition::kUnknown},
    {X86_INS_JG, X86_INS_CMOVG, Condition::kUnknown},
    {X86_INS_JGE, X86_INS_CMOVGE, Condition::kUnknown},
    {X86_INS_JS, X86_INS_CMOVS, Condition::kUnknown},
    {X86_INS_JNS, X86_INS_CMOVNS, Condition::kUnknown},
    {X86_INS_JO, X86_INS_CMOVO, Condition::kUnknown},
    {X86_INS_JNO, X86_INS_CMOVNO, Condition::kUnknown},
    {X86_INS_JP, X86_INS_CMOVP, Condition::kUnknown},
    {X86_INS_JNP, X86_INS_CMOVNP, Condition::kUnknown},
}};

uint64_t halves_of(Register vector) {
    return uint64_t{1} << half_of(vector, false).reg | uint64_t{1} << half_of(vector, true).reg;
}

uint64_t written_registers(csh handle, const cs_insn& from) {
    cs_regs read;
    cs_regs written;
    uint8_t reads = 0;
    uint8_t writes = 0;
    uint64_t bits = 0;
    if (cs_regs_access(handle, &from, read, &reads, written, &writes) == CS_ERR_OK) {
        for (uint8_t i = 0; i < writes; ++i) {
            const Register reg = register_of(written[i], true);
            bits |= reg != kNoRegister ? uint64_t{1} << reg : 0;
            if (const auto vector = vector_of(written[i])) {
                bits |= halves_of(*vector);
            }
        }
    }
    // Where capstone doesn't say, the first one is the result.
    const cs_x86& x86 = from.detail->x86;
    const auto first = x86.op_count > 0 && x86.operands[0].type == X86_OP_REG
                           ? vector_of(static_cast<unsigned>(x86.operands[0].reg))
                           : std::nullopt;
    if (first) {
        bits |= halves_of(*first);
    }
    return bits;
}

class Translation {
  public:
    Translation(csh handle, const cs_insn& from)
        : handle_(handle), from_(from), x86_(from.detail->x86) {
        result_.address = from.address;
        result_.size = static_cast<uint8_t>(from.size);
    }

    Instruction translate();

  private:
    Place operand(uint8_t number) const {
        return number < x86_.op_count ? place_of(from_, x86_.operands[number]) : Place{};
    }
    bool jump_or_call();
    bool arithmetic();
    bool vector_move();
    void other();

    csh handle_;
    const cs_insn& from_;
    const cs_x86& x86_;
    Instruction result_;
};

bool Translation::jump_or_call() {
    const Place to = operand(0);
    const auto jump = std::ranges::find(kConditionals, from_.id, &Conditional::jump);
    if (from_.id == X86_INS_CALL) {
        result_.action = Action::kCall;
    } else if (from_.id == X86_INS_JMP) {
        result_.action = Action::kJump;
    } else if (jump != kConditionals.end()) {
        result_.action = Action::kJump;
        result_.condition = jump->condition;
    } else {
        return false;
    }
    result_.target = to.kind == Place::Kind::kNumber ? static_cast<uint64_t>(to.number) : 0;
    if (result_.action == Action::kJump && result_.target == 0) {
        result_.second = to;
    }
    return true;
}

bool Translation::arithmetic() {
    Place first = operand(0);
    Place second = operand(1);
    Place one;
    one.kind = Place::Kind::kNumber;
    one.number = 1;
    one.size = first.size;
    result_.sets_flags = true;
    switch (from_.id) {
        case X86_INS_INC:
            return first.kind == Place::Kind::kRegister &&
                   result_.follow(Action::kAdd, first, first, one);
        case X86_INS_DEC:
            return first.kind == Place::Kind::kRegister &&
                   result_.follow(Action::kSubtract, first, first, one);
        case X86_INS_ADD:
            return first.kind == Place::Kind::kRegister &&
                   result_.follow(Action::kAdd, first, first, second);
        case X86_INS_SUB:
        case X86_INS_XOR:
            // A register less itself is 0; no other xor is followed.
            return first.kind == Place::Kind::kRegister &&
                   (from_.id == X86_INS_SUB ||
                    (second.kind == Place::Kind::kRegister && first.reg == second.reg)) &&
                   result_.follow(Action::kSubtract, first, first, second);
        case X86_INS_CMP:
            return result_.follow(Action::kCompare, first, second);
        case X86_INS_TEST:
            if (first.kind == Place::Kind::kRegister && second.kind == Place::Kind::kRegister &&
                first.reg == second.reg) {
                second.kind = Place::Kind::kNumber;
                second.number = 0;
                return result_.follow(Action::kCompare, first, second);
            }
            return false;
        default:
            return false;
    }
}

// Moves of halves of vector registers, and of both.
bool Translation::vector_move() {
    constexpr int kLong = 8;
    if (x86_.op_count != 2 || x86_.addr_size != kLong) {
        return false;
    }
    const auto vector = [&](uint8_t number) {
        return x86_.operands[number].type == X86_OP_REG
                   ? vector_of(static_cast<unsigned>(x86_.operands[number].reg))
                   : std::nullopt;
    };
    const auto to = vector(0);
    const auto from = vector(1);
    Place other = operand(to ? 1 : 0);
    other.size = kLong;
    if (!to && !from) {
        return false;
    }
    const Register reg = to ? *to : *from;
    switch (from_.id) {
        case X86_INS_MOVQ:
            if (!to) {
                return result_.follow(Action::kMove, other, half_of(reg, false));
            }
            result_.cleared = half_of(reg, true).reg;
            return result_.follow(Action::kMove, half_of(reg, false),
                                  from ? half_of(*from, false) : other);
        case X86_INS_MOVHPS:
        case X86_INS_MOVHPD:
            return to ? result_.follow(Action::kMove, half_of(reg, true), other)
                      : result_.follow(Action::kMove, other, half_of(reg, true));
        case X86_INS_PUNPCKLQDQ:
            return to && from &&
                   result_.follow(Action::kMove, half_of(reg, true), half_of(*from, false));
        case X86_INS_MOVAPS:
        case X86_INS_MOVUPS:
        case X86_INS_MOVAPD:
        case X86_INS_MOVUPD:
        case X86_INS_MOVDQA:
        case X86_INS_MOVDQU:
            return other.kind == Place::Kind::kMemory &&
                   result_.follow(to ? Action::kLoadPair : Action::kStorePair, other,
                                  half_of(reg, false), half_of(reg, true));
        default:
            return false;
    }
}

// The registers that are lost; and which memory is read, if one is.
void Translation::other() {
    result_.action = Action::kOther;
    result_.sets_flags = true;
    result_.written = written_registers(handle_, from_);
    for (uint8_t i = 0; i < x86_.op_count; ++i) {
        const Place place = operand(i);
        if (place.kind == Place::Kind::kMemory && (x86_.operands[i].access & CS_AC_READ) != 0) {
            result_.first = place;
        }
    }
    // Aligning the stack pointer moves it by an unknown amount, within the function's own frame.
    if (from_.id == X86_INS_AND && operand(0).reg == 4) {
        result_.written = 0;
    }
}

Instruction Translation::translate() {
    const Place first = operand(0);
    const Place second = operand(1);
    const auto move = std::ranges::find(kConditionals, from_.id, &Conditional::move);
    bool done = false;
    switch (from_.id) {
        case X86_INS_MOV:
        case X86_INS_MOVABS:
        case X86_INS_MOVZX:
        case X86_INS_MOVSX:
        case X86_INS_MOVSXD:
            done = result_.follow(Action::kMove, first, second);
            break;
        case X86_INS_LEA:
            done = result_.follow(Action::kAddress, first, second);
            break;
        case X86_INS_PUSH:
            result_.action = Action::kPush;
            result_.first = first;
            done = true;
            break;
        case X86_INS_POP:
            result_.action = Action::kPop;
            result_.first = first;
            done = true;
            break;
        case X86_INS_LEAVE:
            result_.action = Action::kLeave;
            done = true;
            break;
        case X86_INS_RET:
            result_.action = Action::kReturn;
            done = true;
            break;
        case X86_INS_UD2:
        case X86_INS_HLT:
        case X86_INS_INT3:
            done = true;
            break;
        default:
            if (move != kConditionals.end()) {
                result_.condition = move->condition;
                done = result_.follow(Action::kMove, first, second);
            } else {
                done = jump_or_call() || vector_move() || arithmetic();
            }
            break;
    }
    if (!done) {
        result_.condition = Condition::kNone;
        result_.cleared = kNoRegister;
        other();
    }
    return result_;
}

}  // namespace

Instruction x86_instruction(csh handle, const cs_insn& from) {
    return Translation(handle, from).translate();
}

}  // namespace capture::tls
