// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/symbolic_walk.h"

#include <optional>
#include <utility>

namespace capture::tls {
namespace {

using Action = Instruction::Action;
using Kind = Place::Kind;

constexpr unsigned kMaxDepth = 2;
// Of a branch that isn't decided: more than a loop over 32 bytes takes.
constexpr unsigned kMaxPasses = 64;

constexpr Register kX86StackPointer = 4;
constexpr Register kX86FramePointer = 5;

}  // namespace

SymbolicWalk::SymbolicWalk(const ElfImage& image, Disassembler& disassembler, WalkVisitor& visitor,
                           size_t limit)
    : image_(image),
      disassembler_(disassembler),
      visitor_(visitor),
      left_(limit),
      word_(static_cast<uint8_t>(image.pointer_size())) {}

void SymbolicWalk::run(uint64_t address, State state) {
    paths_.push_back({address, 0, std::move(state)});
    while (!paths_.empty() && left_ > 0) {
        Path path = std::move(paths_.back());
        paths_.pop_back();
        follow(std::move(path));
    }
}

void SymbolicWalk::follow(Path path) {
    for (bool more = true; more && left_ > 0; --left_) {
        const Instruction now = disassembler_.at(path.address);
        path.address = now.next();
        move_base(path, now, now.moves_first);
        more = step(path, now);
        move_base(path, now, !now.moves_first);
    }
}

void SymbolicWalk::move_base(Path& path, const Instruction& now, bool is_time) {
    if (is_time && now.moved != kNoRegister) {
        path.state.set(now.moved, path.state.get(now.moved).plus(now.moved_by));
    }
}

// Two words, one behind the other.
void SymbolicWalk::pair(Path& path, const Instruction& now) {
    Place memory = now.first;
    for (const Place& reg : {now.second, now.third}) {
        if (now.action == Action::kLoadPair) {
            write(path, reg, read(path, now, memory));
        } else {
            write(path, memory, read(path, now, reg));
        }
        memory.memory.displacement += memory.size;
    }
}

bool SymbolicWalk::step(Path& path, const Instruction& now) {
    State& state = path.state;
    switch (now.action) {
        case Action::kInvalid:
            return false;
        case Action::kReturn:
            if (path.depth == 0) {
                visitor_.on_return(state);
            }
            return false;
        case Action::kMove:
            if (now.condition != Condition::kNone) {
                conditional_move(path, now);
            } else {
                write(path, now.first, read(path, now, now.second));
                state.set(now.cleared, Value::number(0));
            }
            return true;
        case Action::kLoadPair:
        case Action::kStorePair:
            pair(path, now);
            return true;
        case Action::kAddress: {
            const Value address = state.address_of(now.second.memory);
            visitor_.on_address(now.address, address);
            write(path, now.first, address);
            return true;
        }
        case Action::kAdd:
        case Action::kSubtract:
            arithmetic(path, now);
            return true;
        case Action::kCompare:
            state.compare(read(path, now, now.first), read(path, now, now.second));
            return true;
        case Action::kPush: {
            const Value value = read(path, now, now.first);
            state.move_stack(-word_);
            Place top{.kind = Kind::kMemory, .size = word_, .reg = {}, .number = {}, .memory = {}};
            top.memory.base = kX86StackPointer;
            write(path, top, value);
            return true;
        }
        case Action::kLeave:
            state.set(kX86StackPointer, state.get(kX86FramePointer));
            [[fallthrough]];
        case Action::kPop: {
            Place to = now.first;
            if (now.action == Action::kLeave) {
                to = {.kind = Kind::kRegister,
                      .size = word_,
                      .reg = kX86FramePointer,
                      .number = {},
                      .memory = {}};
            }
            const Value pointer = state.get(kX86StackPointer);
            const Value value = pointer.is_from_argument(kStackSymbol) && pointer.loads == 0
                                    ? state.stacked(pointer.offsets[0])
                                    : Value{};
            state.move_stack(word_);
            write(path, to, value);
            return true;
        }
        case Action::kCall:
            return call(path, now);
        case Action::kJump:
            return jump(path, now);
        case Action::kOther:
            if (now.first.kind == Kind::kMemory) {
                (void)read(path, now, now.first);
            }
            for (Register reg = 0; reg < kRegisters; ++reg) {
                if ((now.written >> reg & 1) != 0) {
                    state.set(reg, {});
                }
            }
            if (now.sets_flags) {
                state.forget_comparison();
            }
            return true;
    }
    return false;
}

void SymbolicWalk::arithmetic(Path& path, const Instruction& now) {
    const Value first = read(path, now, now.second);
    const Value second = read(path, now, now.third);
    Value result;
    if (now.action == Action::kAdd) {
        if (second.kind == Value::Kind::kNumber && first.kind != Value::Kind::kUnknown) {
            result = first.plus(second.offsets[0]);
        } else if (first.kind == Value::Kind::kNumber && second.kind != Value::Kind::kUnknown) {
            result = second.plus(first.offsets[0]);
        }
    } else if (second.kind == Value::Kind::kNumber && first.kind == Value::Kind::kAddress) {
        result = first.plus(negative(second.offsets[0]));
    } else if (const auto distance = first.minus(second)) {
        result = Value::number(*distance);
    } else if (now.second.kind == Kind::kRegister && now.third.kind == Kind::kRegister &&
               now.second.reg == now.third.reg) {
        result = Value::number(0);
    }
    if (result.kind == Value::Kind::kAddress) {
        visitor_.on_address(now.address, result);
    }
    write(path, now.first, result);
    if (now.sets_flags) {
        path.state.forget_comparison();
        if (result.kind == Value::Kind::kNumber) {
            path.state.compare(result, Value::number(0));
        }
    }
}

Value SymbolicWalk::read(const Path& path, const Instruction& now, const Place& place) {
    switch (place.kind) {
        case Kind::kNumber:
            return Value::number(place.number);
        case Kind::kRegister: {
            const Value value = path.state.get(place.reg);
            const bool whole = place.size >= word_ || value.kind == Value::Kind::kNumber;
            return whole ? value : Value{};
        }
        case Kind::kMemory: {
            const Value address = path.state.address_of(place.memory);
            if (address.kind == Value::Kind::kNumber && place.size == word_) {
                return visitor_.word_at(static_cast<uint64_t>(address.offsets[0]));
            }
            if (address.kind != Value::Kind::kAddress) {
                return {};
            }
            visitor_.on_load(now.address, address, place.size);
            const Value value = path.state.loaded_from(address);
            const bool whole = place.size == word_ || value.kind == Value::Kind::kNumber;
            return whole ? value : Value{};
        }
        case Kind::kNone:
            break;
    }
    return {};
}

void SymbolicWalk::write(Path& path, const Place& place, const Value& value) {
    if (place.kind == Kind::kRegister) {
        // A write of 32 bits clears the others; smaller ones leave them.
        path.state.set(place.reg, place.size >= 4 ? value : Value{});
    } else if (place.kind == Kind::kMemory) {
        const Value address = path.state.address_of(place.memory);
        if (address.is_from_argument(kStackSymbol) && address.loads == 0) {
            path.state.store_stacked(address.offsets[0], value);
        } else if (address.kind != Value::Kind::kUnknown) {
            visitor_.on_store(address, value);
        }
    }
}

bool SymbolicWalk::is_new(uint64_t address) {
    return taken_.insert(address).second;
}

void SymbolicWalk::conditional_move(Path& path, const Instruction& now) {
    const Value value = read(path, now, now.second);
    const std::optional<bool> decided = path.state.decide(now.condition);
    if (now.third.kind != Kind::kNone) {
        write(path, now.first, read(path, now, now.third));
    }
    if (decided) {
        if (*decided) {
            write(path, now.first, value);
        }
        return;
    }
    if (is_new(now.address)) {
        Path other = path;
        write(other, now.first, value);
        paths_.push_back(std::move(other));
    } else {
        write(path, now.first, {});  // it was walked with either
    }
}

// i386 has no other way to its own address than a call: of the next instruction, which pops it, or
// of a function that is one load and a return (__x86.get_pc_thunk.bx). Neither changes anything
// else.
bool SymbolicWalk::take_own_address(Path& path, const Instruction& now) {
    if (image_.machine() != Machine::kI386 || now.target == 0) {
        return false;
    }
    const Value own = Value::number(static_cast<int64_t>(now.next()));
    Place top;
    top.kind = Kind::kMemory;
    top.size = word_;
    top.memory.base = kX86StackPointer;
    if (now.target == now.next()) {
        path.state.move_stack(-word_);
        write(path, top, own);
        return true;
    }
    const Instruction load = disassembler_.at(now.target);
    const bool is_load = load.action == Action::kMove && load.first.kind == Kind::kRegister &&
                         load.second.kind == Kind::kMemory && load.second.memory == top.memory;
    if (!is_load || disassembler_.at(load.next()).action != Action::kReturn) {
        return false;
    }
    path.state.set(load.first.reg, own);
    return true;
}

bool SymbolicWalk::call(Path& path, const Instruction& now) {
    if (take_own_address(path, now)) {
        return true;
    }
    const uint32_t result = next_result_++;
    const bool enter = visitor_.on_call({now.address, now.target, false, result}, path.state);
    if (enter && now.target != 0 && path.depth < kMaxDepth && is_new(now.target)) {
        Path inside = path;
        inside.address = now.target;
        ++inside.depth;
        if (image_.machine() != Machine::kAarch64) {
            inside.state.move_stack(-word_);
        }
        paths_.push_back(std::move(inside));
    }
    path.state.forget_after_call(Value::address(result),
                                 pairs_ ? Value::address(kSecondResultSymbol + result) : Value{});
    if (now.target == 0 || !visitor_.leaves_memory(now.target)) {
        path.state.forget_memory();
    }
    return true;
}

bool SymbolicWalk::jump(Path& path, const Instruction& now) {
    if (now.first.kind != Kind::kNone) {
        path.state.compare(read(path, now, now.first), Value::number(0));
    }
    const std::optional<bool> decided = path.state.decide(now.condition);
    if (now.condition == Condition::kNone && path.depth == 0 && path.state.stack_is_as_at_entry()) {
        visitor_.on_call({now.address, now.target, true, 0}, path.state);
    }
    if (!decided) {
        if (now.target != 0 && is_new(now.address)) {
            Path other = path;
            other.address = now.target;
            paths_.push_back(std::move(other));
        }
        // On and on, for a loop around this branch may be decided.
        return ++passed_[now.address] <= kMaxPasses;
    }
    if (!*decided) {
        return true;
    }
    path.address = now.target;
    return now.target != 0;
}

}  // namespace capture::tls
