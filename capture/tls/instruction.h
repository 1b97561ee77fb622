// SPDX-License-Identifier: GPL-2.0-only
//
// Instruction: what a machine instruction does to registers and memory, in terms that x86 and
// aarch64 share, as far as following addresses through a function needs it.
#pragma once

#include <cstdint>

namespace capture::tls {

// A register by its number in the machine's encoding: x86 0 rax, 1 rcx, … 15 r15; aarch64 x0 … x30,
// 31 sp. Behind these, on x86-64, the halves of xmm0 … xmm15, by which compilers move pairs of
// pointers: first the low ones, then the high ones.
using Register = uint8_t;
constexpr Register kNoRegister = 255;
constexpr Register kGeneralRegisters = 32;
constexpr Register kVectorRegisters = 16;
constexpr Register kRegisters = kGeneralRegisters + 2 * kVectorRegisters;

struct Memory {
    Register base = kNoRegister;
    Register index = kNoRegister;
    int64_t scale = 1;
    int64_t displacement = 0;  // without a base, the address itself

    bool operator==(const Memory&) const = default;
};

// Where a value comes from, or goes to.
struct Place {
    enum class Kind : uint8_t { kNone, kRegister, kNumber, kMemory };
    Kind kind = Kind::kNone;
    uint8_t size = 0;  // bytes
    Register reg = kNoRegister;
    int64_t number = 0;
    Memory memory;
};

enum class Condition : uint8_t {
    kNone,  // always
    kEqual,
    kNotEqual,
    kBelow,  // unsigned
    kBelowOrEqual,
    kAbove,
    kAboveOrEqual,
    kUnknown,  // one that isn't followed: either way is possible
};

struct Instruction {
    enum class Action : uint8_t {
        kOther,    // changes `written`, and reads `first` if that is memory
        kMove,     // first = second; with a condition, else third if there is one
        kAddress,  // first = the address of second, which is memory
        kAdd,      // first = second + third, comparing the result with 0 if sets_flags
        kSubtract,
        kCompare,    // first with second
        kLoadPair,   // second and third = what is at first, one behind the other
        kStorePair,  // the other way
        kPush,       // first
        kPop,
        kLeave,  // x86: sp = bp, pop bp
        kCall,   // to target, or where nobody knows
        kJump,   // likewise; with a condition, or the next instruction. First, if there is one, is
                 // compared with 0; second, if there is one, is or has the target
        kReturn,
        kInvalid,  // no instruction, or a trap
    };
    Action action = Action::kInvalid;
    Condition condition = Condition::kNone;  // of kJump and kMove
    bool sets_flags = false;
    uint8_t size = 0;
    uint64_t address = 0;
    uint64_t target = 0;  // 0: indirect
    Place first;
    Place second;
    Place third;
    // A register that the instruction moves as well: the base of its memory.
    Register moved = kNoRegister;
    bool moves_first = false;
    int64_t moved_by = 0;
    Register cleared = kNoRegister;  // kMove: is 0 afterwards
    uint64_t written = 0;            // bits by register, kOther only

    uint64_t next() const { return address + size; }

    // Sets what it does, if it can be followed: the kinds of the first two places are known, and a
    // register is written as a whole. Returns whether it can.
    bool follow(Action does, const Place& to, const Place& from, const Place& also = {}) {
        if (to.kind == Place::Kind::kNone || from.kind == Place::Kind::kNone) {
            return false;
        }
        action = does;
        first = to;
        second = from;
        third = also;
        return true;
    }
};

}  // namespace capture::tls
