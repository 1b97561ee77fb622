// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/symbolic_state.h"

#include <algorithm>
#include <limits>

namespace capture::tls {
namespace {

constexpr int64_t kMaxOffset = std::numeric_limits<int32_t>::max();
constexpr size_t kMaxSlots = 256;

constexpr Register kX86StackPointer = 4;
constexpr Register kArmStackPointer = 31;
// System V: https://gitlab.com/x86-psABIs/x86-64-ABI, 3.2.3.
constexpr std::array<Register, kMaxArguments> kX86Arguments = {7, 6, 2, 1, 8, 9};

Register stack_pointer(Machine machine) {
    return machine == Machine::kAarch64 ? kArmStackPointer : kX86StackPointer;
}

// Of two words that a function returns: rdx, x1.
Register second_result_register(Machine machine) {
    return machine == Machine::kAarch64 ? 1 : 2;
}

// What a function may change.
bool is_lost_by_call(Machine machine, Register reg) {
    switch (machine) {
        case Machine::kX86_64:
            return reg != 3 && reg != 4 && reg != 5 && (reg < 12 || reg >= kGeneralRegisters);
        case Machine::kI386:
            return reg < 3;
        case Machine::kAarch64:
            return reg < 19 || reg == 30;
    }
    return true;
}

int64_t sum(int64_t first, int64_t second) {
    return static_cast<int64_t>(static_cast<uint64_t>(first) + static_cast<uint64_t>(second));
}

int64_t product(int64_t first, int64_t second) {
    return static_cast<int64_t>(static_cast<uint64_t>(first) * static_cast<uint64_t>(second));
}

}  // namespace

Value Value::plus(int64_t more) const {
    Value result = *this;
    result.offsets[loads] = sum(offsets[loads], more);
    if (kind == Kind::kAddress &&
        (result.last_offset() > kMaxOffset || result.last_offset() < -kMaxOffset)) {
        return {};
    }
    return result;
}

Value Value::loaded() const {
    if (kind != Kind::kAddress || loads == kMaxLoads) {
        return {};
    }
    Value result = *this;
    ++result.loads;
    return result;
}

std::optional<int64_t> Value::minus(const Value& other) const {
    Value mine = *this;
    Value theirs = other;
    const int64_t distance = sum(mine.last_offset(), negative(theirs.last_offset()));
    mine.offsets[loads] = theirs.offsets[other.loads] = 0;
    if (kind == Kind::kUnknown || !(mine == theirs)) {
        return {};
    }
    return distance;
}

State::State(const ElfImage& image) : machine_(image.machine()) {
    set(stack_pointer(machine_), Value::address(kStackSymbol));
}

State State::at_entry(const ElfImage& image) {
    State state(image);
    for (uint32_t number = 0; number < kMaxArguments; ++number) {
        const Value value = Value::address(number);
        switch (image.machine()) {
            case Machine::kX86_64:
                state.set(kX86Arguments[number], value);
                break;
            case Machine::kAarch64:
                state.set(static_cast<Register>(number), value);
                break;
            case Machine::kI386:
                state.store_stacked(4 + 4 * int64_t{number}, value);
                break;
        }
    }
    return state;
}

State State::at_probe(const ElfImage& image) {
    State state(image);
    for (Register reg = 0; reg < kGeneralRegisters; ++reg) {
        if (reg != stack_pointer(image.machine())) {
            state.set(reg, Value::address(kRegisterSymbol + reg));
        }
    }
    state.is_at_probe_ = true;
    return state;
}

Value State::get(Register reg) const {
    return reg < kRegisters ? registers_[reg] : Value{};
}

Value State::address_of(const Memory& memory) const {
    Value base = memory.base == kNoRegister ? Value::number(0) : get(memory.base);
    if (memory.index != kNoRegister) {
        const Value index = get(memory.index);
        if (index.kind == Value::Kind::kNumber) {
            base = base.plus(product(index.offsets[0], memory.scale));
        } else if (base.kind == Value::Kind::kNumber && memory.scale == 1) {
            base = index.plus(base.offsets[0]);
        } else {
            return {};
        }
    }
    return base.kind != Value::Kind::kUnknown ? base.plus(memory.displacement) : base;
}

Value State::stacked(int64_t offset) const {
    const auto found = std::ranges::find(stack_, offset, &Slot::offset);
    if (found != stack_.end()) {
        return found->value;
    }
    return is_at_probe_ && !memory_has_changed_ && offset >= 0
               ? Value::address(kStackSymbol, offset).loaded()
               : Value{};
}

Value State::loaded_from(const Value& address) const {
    if (address.symbol == kStackSymbol && address.loads == 0) {
        return stacked(address.offsets[0]);
    }
    return is_at_probe_ && memory_has_changed_ ? Value{} : address.loaded();
}

void State::store_stacked(int64_t offset, const Value& value) {
    const auto found = std::ranges::find(stack_, offset, &Slot::offset);
    if (found != stack_.end()) {
        found->value = value;
    } else if (stack_.size() < kMaxSlots) {
        stack_.push_back({offset, value});
    }
}

void State::move_stack(int64_t by) {
    Value& pointer = registers_[stack_pointer(machine_)];
    pointer = pointer.kind != Value::Kind::kUnknown ? pointer.plus(by) : pointer;
}

Value State::argument(size_t number, bool entered) const {
    constexpr size_t kArmArguments = 8;
    if (machine_ == Machine::kX86_64 && number < kMaxArguments) {
        return get(kX86Arguments[number]);
    }
    if (machine_ == Machine::kAarch64 && number < kArmArguments) {
        return get(static_cast<Register>(number));
    }
    const size_t in_registers = machine_ == Machine::kX86_64    ? kMaxArguments
                                : machine_ == Machine::kAarch64 ? kArmArguments
                                                                : 0;
    const auto word = static_cast<int64_t>(machine_ == Machine::kI386 ? 4 : 8);
    const bool has_address = entered && machine_ != Machine::kAarch64;
    const Value pointer = get(stack_pointer(machine_));
    if (!pointer.is_from_argument(kStackSymbol) || pointer.loads != 0) {
        return {};
    }
    return stacked(pointer.offsets[0] + static_cast<int64_t>(number - in_registers) * word +
                   (has_address ? word : 0));
}

Value State::local_argument(size_t number, bool entered) const {
    constexpr std::array<Register, 3> kRegparm = {0, 2, 1};
    if (machine_ != Machine::kI386) {
        return argument(number, entered);
    }
    return number < kRegparm.size() ? get(kRegparm[number])
                                    : argument(number - kRegparm.size(), entered);
}

bool State::stack_is_as_at_entry() const {
    return get(stack_pointer(machine_)) == Value::address(kStackSymbol);
}

std::optional<bool> State::decide(Condition condition) const {
    if (condition == Condition::kNone) {
        return true;
    }
    if (!difference_) {
        return {};
    }
    // Of two addresses of one thing, and of small numbers, the sign says which one is larger.
    switch (condition) {
        case Condition::kEqual:
            return *difference_ == 0;
        case Condition::kNotEqual:
            return *difference_ != 0;
        case Condition::kBelow:
            return *difference_ < 0;
        case Condition::kBelowOrEqual:
            return *difference_ <= 0;
        case Condition::kAbove:
            return *difference_ > 0;
        case Condition::kAboveOrEqual:
            return *difference_ >= 0;
        default:
            return {};
    }
}

Value State::second_result() const {
    return get(second_result_register(machine_));
}

void State::forget_after_call(const Value& result, const Value& second) {
    for (Register reg = 0; reg < kRegisters; ++reg) {
        if (is_lost_by_call(machine_, reg)) {
            set(reg, {});
        }
    }
    set(0, result);  // rax, x0
    set(second_result_register(machine_), second);
    forget_comparison();
}

}  // namespace capture::tls
