// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <array>

#include "capture/tls/disassembler.h"

namespace capture::tls {
namespace {

using Action = Instruction::Action;
using Kind = Place::Kind;

constexpr Register kStackPointer = 31;

struct Named {
    Register reg = kNoRegister;
    uint8_t size = 0;
    bool is_zero = false;
};

Named named(unsigned name) {
    if (name >= ARM64_REG_X0 && name <= ARM64_REG_X28) {
        return {static_cast<Register>(name - ARM64_REG_X0), 8, false};
    }
    if (name >= ARM64_REG_W0 && name <= ARM64_REG_W30) {
        return {static_cast<Register>(name - ARM64_REG_W0), 4, false};
    }
    switch (name) {
        case ARM64_REG_X29:
            return {29, 8, false};
        case ARM64_REG_X30:
            return {30, 8, false};
        case ARM64_REG_SP:
            return {kStackPointer, 8, false};
        case ARM64_REG_WSP:
            return {kStackPointer, 4, false};
        case ARM64_REG_XZR:
            return {kNoRegister, 8, true};
        case ARM64_REG_WZR:
            return {kNoRegister, 4, true};
        default:
            return {};
    }
}

Place number(int64_t value, uint8_t size) {
    Place place;
    place.kind = Kind::kNumber;
    place.number = value;
    place.size = size;
    return place;
}

Place place_of(const cs_arm64_op& operand) {
    Place place;
    switch (operand.type) {
        case ARM64_OP_REG: {
            const Named reg = named(static_cast<unsigned>(operand.reg));
            if (reg.is_zero) {
                return number(0, reg.size);
            }
            place.reg = reg.reg;
            place.size = reg.size;
            // A shifted or extended one is another value.
            const bool is_plain = operand.shift.value == 0 && operand.ext == ARM64_EXT_INVALID;
            place.kind = reg.reg != kNoRegister && is_plain ? Kind::kRegister : Kind::kNone;
            break;
        }
        case ARM64_OP_IMM: {
            const bool is_shifted = operand.shift.type == ARM64_SFT_LSL && operand.shift.value < 64;
            return number(static_cast<int64_t>(static_cast<uint64_t>(operand.imm)
                                               << (is_shifted ? operand.shift.value : 0)),
                          8);
        }
        case ARM64_OP_MEM: {
            place.memory.base = named(operand.mem.base).reg;
            place.memory.displacement = operand.mem.disp;
            if (operand.mem.index != ARM64_REG_INVALID) {
                place.memory.index = named(operand.mem.index).reg;
                place.memory.scale = int64_t{1} << (operand.shift.value % 8);
            }
            const bool is_known =
                place.memory.base != kNoRegister &&
                (operand.mem.index == ARM64_REG_INVALID || place.memory.index != kNoRegister);
            place.kind = is_known ? Kind::kMemory : Kind::kNone;
            break;
        }
        default:
            break;
    }
    return place;
}

Condition condition_of(arm64_cc code) {
    switch (code) {
        case ARM64_CC_INVALID:
        case ARM64_CC_AL:
        case ARM64_CC_NV:
            return Condition::kNone;
        case ARM64_CC_EQ:
            return Condition::kEqual;
        case ARM64_CC_NE:
            return Condition::kNotEqual;
        case ARM64_CC_HS:
            return Condition::kAboveOrEqual;
        case ARM64_CC_LO:
            return Condition::kBelow;
        case ARM64_CC_HI:
            return Condition::kAbove;
        case ARM64_CC_LS:
            return Condition::kBelowOrEqual;
        default:
            return Condition::kUnknown;
    }
}

class Translation {
  public:
    explicit Translation(const cs_insn& from) : from_(from), arm_(from.detail->arm64) {
        result_.address = from.address;
        result_.size = static_cast<uint8_t>(from.size);
    }
    Instruction translate(csh handle);

  private:
    Place operand(uint8_t at) const {
        return at < arm_.op_count ? place_of(arm_.operands[at]) : Place{};
    }
    bool load_or_store(uint8_t memory_size);
    bool pair(bool is_load);
    void write_back(Place& memory, uint8_t behind);
    bool jump();
    bool arithmetic(Action action, bool sets_flags);
    bool select();
    void other(csh handle);

    const cs_insn& from_;
    const cs_arm64& arm_;
    Instruction result_;
};

// "[x0, #8]!" moves x0 before, "[x0], #8" after.
void Translation::write_back(Place& memory, uint8_t behind) {
    const Place by = operand(behind);
    if (by.kind == Kind::kNumber) {
        result_.moved = memory.memory.base;
        result_.moved_by = by.number;
    } else if (arm_.writeback) {
        result_.moved = memory.memory.base;
        result_.moved_by = memory.memory.displacement;
        result_.moves_first = true;
        memory.memory.displacement = 0;
    }
}

// 0: as large as the register.
bool Translation::load_or_store(uint8_t memory_size) {
    Place reg = operand(0);
    Place memory = operand(1);
    if (memory.kind != Kind::kMemory || reg.kind == Kind::kNone) {
        return false;
    }
    memory.size = memory_size != 0 ? memory_size : reg.size;
    write_back(memory, 2);
    const bool is_store = from_.mnemonic[0] == 's';
    // A number is the zero register, which takes no load.
    return is_store ? result_.follow(Action::kMove, memory, reg)
                    : reg.kind == Kind::kRegister && result_.follow(Action::kMove, reg, memory);
}

bool Translation::pair(bool is_load) {
    const Place one = operand(0);
    const Place other = operand(1);
    Place memory = operand(2);
    if (memory.kind != Kind::kMemory || one.kind == Kind::kNone || other.kind == Kind::kNone ||
        (is_load && (one.kind != Kind::kRegister || other.kind != Kind::kRegister))) {
        return false;
    }
    memory.size = one.size;
    write_back(memory, 3);
    return is_load ? result_.follow(Action::kLoadPair, memory, one, other)
                   : result_.follow(Action::kStorePair, memory, one, other);
}

bool Translation::jump() {
    uint8_t target = 0;
    switch (from_.id) {
        case ARM64_INS_BL:
        case ARM64_INS_BLR:
            result_.action = Action::kCall;
            break;
        case ARM64_INS_B:
        case ARM64_INS_BR:
            result_.action = Action::kJump;
            result_.condition = condition_of(arm_.cc);
            break;
        case ARM64_INS_CBZ:
        case ARM64_INS_CBNZ:
            result_.action = Action::kJump;
            result_.condition =
                from_.id == ARM64_INS_CBZ ? Condition::kEqual : Condition::kNotEqual;
            result_.first = operand(0);
            target = 1;
            break;
        case ARM64_INS_TBZ:
        case ARM64_INS_TBNZ:
            result_.action = Action::kJump;
            result_.condition = Condition::kUnknown;
            target = 2;
            break;
        default:
            return false;
    }
    const Place to = operand(target);
    result_.target = to.kind == Kind::kNumber ? static_cast<uint64_t>(to.number) : 0;
    if (from_.id == ARM64_INS_BR) {
        result_.second = to;
    }
    return true;
}

bool Translation::arithmetic(Action action, bool sets_flags) {
    const Place first = operand(0);
    result_.sets_flags = sets_flags;
    // The zero register takes no result.
    return (first.kind == Kind::kRegister) && result_.follow(action, first, operand(1), operand(2));
}

bool Translation::select() {
    const Place first = operand(0);
    result_.condition = condition_of(arm_.cc);
    return first.kind == Kind::kRegister && operand(2).kind != Kind::kNone &&
           result_.follow(Action::kMove, first, operand(1), operand(2));
}

void Translation::other(csh handle) {
    result_ = Instruction{};
    result_.action = Action::kOther;
    result_.address = from_.address;
    result_.size = static_cast<uint8_t>(from_.size);
    result_.sets_flags = arm_.update_flags;
    cs_regs read;
    cs_regs written;
    uint8_t reads = 0;
    uint8_t writes = 0;
    if (cs_regs_access(handle, &from_, read, &reads, written, &writes) == CS_ERR_OK) {
        for (uint8_t i = 0; i < writes; ++i) {
            const Register reg = named(written[i]).reg;
            result_.written |= reg != kNoRegister ? uint64_t{1} << reg : 0;
        }
    }
    // Where capstone doesn't say, the first one is the result.
    if (arm_.op_count > 0 && arm_.operands[0].type == ARM64_OP_REG) {
        const Register reg = named(static_cast<unsigned>(arm_.operands[0].reg)).reg;
        result_.written |= reg != kNoRegister ? uint64_t{1} << reg : 0;
    }
    for (uint8_t i = 0; i < arm_.op_count; ++i) {
        Place place = operand(i);
        if (place.kind != Kind::kMemory) {
            continue;
        }
        write_back(place, static_cast<uint8_t>(i + 1));
        if (from_.mnemonic[0] == 'l') {
            result_.first = place;
        }
    }
}

Instruction Translation::translate(csh handle) {
    bool done = false;
    switch (from_.id) {
        case ARM64_INS_MOV:
        case ARM64_INS_MOVZ:
        case ARM64_INS_ADR:
        case ARM64_INS_ADRP:
            done = operand(0).kind == Kind::kRegister &&
                   result_.follow(Action::kMove, operand(0), operand(1));
            break;
        case ARM64_INS_ADD:
            done = arithmetic(Action::kAdd, arm_.update_flags);
            break;
        case ARM64_INS_SUB:
            done = arithmetic(Action::kSubtract, arm_.update_flags);
            break;
        case ARM64_INS_CMP:
            done = result_.follow(Action::kCompare, operand(0), operand(1));
            break;
        case ARM64_INS_LDR:
        case ARM64_INS_LDUR:
        case ARM64_INS_STR:
        case ARM64_INS_STUR:
            done = load_or_store(0);
            break;
        case ARM64_INS_LDRB:
        case ARM64_INS_LDURB:
        case ARM64_INS_LDRSB:
        case ARM64_INS_STRB:
        case ARM64_INS_STURB:
            done = load_or_store(1);
            break;
        case ARM64_INS_LDRH:
        case ARM64_INS_LDURH:
        case ARM64_INS_LDRSH:
        case ARM64_INS_STRH:
        case ARM64_INS_STURH:
            done = load_or_store(2);
            break;
        case ARM64_INS_LDRSW:
        case ARM64_INS_LDURSW:
            done = load_or_store(4);
            break;
        case ARM64_INS_LDP:
            done = pair(true);
            break;
        case ARM64_INS_STP:
            done = pair(false);
            break;
        case ARM64_INS_CSEL:
            done = select();
            break;
        case ARM64_INS_RET:
            result_.action = Action::kReturn;
            done = true;
            break;
        case ARM64_INS_BRK:
            done = true;
            break;
        default:
            done = jump();
            break;
    }
    if (!done) {
        other(handle);
    }
    return result_;
}

}  // namespace

Instruction aarch64_instruction(csh handle, const cs_insn& from) {
    return Translation(from).translate(handle);
}

}  // namespace capture::tls
