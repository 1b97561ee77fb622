// SPDX-License-Identifier: GPL-2.0-only
//
// What is known of the registers and the stack at a place in a function: numbers, and addresses
// reckoned from the arguments. Passive data; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "capture/tls/elf_image.h"
#include "capture/tls/instruction.h"

namespace capture::tls {

// A number, or an address reckoned from something unknown: symbol + offsets[0]; after one load the
// pointer that is there + offsets[1]; after two likewise offsets[2] (as Operand has it).
struct Value {
    enum class Kind : uint8_t { kUnknown, kNumber, kAddress };
    static constexpr size_t kMaxLoads = 2;

    Kind kind = Kind::kUnknown;
    uint8_t loads = 0;
    uint32_t symbol = 0;
    std::array<int64_t, kMaxLoads + 1> offsets{};

    bool operator==(const Value&) const = default;

    static Value number(int64_t value) { return {Kind::kNumber, 0, 0, {value}}; }
    static Value address(uint32_t symbol, int64_t offset = 0) {
        return {Kind::kAddress, 0, symbol, {offset}};
    }

    bool is_number(int64_t value) const { return kind == Kind::kNumber && offsets[0] == value; }
    // Reckoned from an argument of the function that the walk began with.
    bool is_from_argument(uint32_t number) const {
        return kind == Kind::kAddress && symbol == number;
    }
    int64_t last_offset() const { return offsets[loads]; }
    Value plus(int64_t more) const;
    Value loaded() const;  // the pointer that is at this address
    // The distance to another value, if it is known.
    std::optional<int64_t> minus(const Value& other) const;
};

// What is added to subtract a number; code may have any.
constexpr int64_t negative(int64_t value) {
    return static_cast<int64_t>(-static_cast<uint64_t>(value));
}

// Symbols: arguments by number from 0; then the stack pointer at the start; registers at the start,
// by number; then results of calls, and second results of those that return two words.
constexpr uint32_t kMaxArguments = 6;
constexpr uint32_t kStackSymbol = 100;
constexpr uint32_t kRegisterSymbol = 200;
constexpr uint32_t kResultSymbol = 1000;
constexpr uint32_t kSecondResultSymbol = 1'000'000;

class State {
  public:
    // Nothing is known but the stack pointer.
    explicit State(const ElfImage& image);

    // Where a function begins that has been called with arguments that nothing is known of.
    static State at_entry(const ElfImage& image);

    // In the middle of a function, where a probe reads what all registers and the stack have.
    static State at_probe(const ElfImage& image);

    Value get(Register reg) const;
    void set(Register reg, const Value& value) {
        if (reg < kRegisters) {
            registers_[reg] = value;
        }
    }

    Value address_of(const Memory& memory) const;
    // The word that is at this address.
    Value loaded_from(const Value& address) const;
    // What was stored on the stack, in words; at a probe, what was there before, too.
    Value stacked(int64_t offset) const;
    void store_stacked(int64_t offset, const Value& value);
    void move_stack(int64_t by);

    // The arguments of a call that is about to be made, by the machine's calling convention;
    // `entered`: the return address is already on the stack, as at a function's entry.
    // Words beyond kMaxArguments stand on the stack, or, on aarch64, in two registers more.
    Value argument(size_t number, bool entered = false) const;
    // The same for a function that only its own file calls: on i386 compilers hand the first three
    // over in registers (GCC's regparm).
    Value local_argument(size_t number, bool entered = false) const;
    bool stack_is_as_at_entry() const;

    void compare(const Value& first, const Value& second) { difference_ = first.minus(second); }
    void forget_comparison() { difference_.reset(); }
    std::optional<bool> decide(Condition condition) const;

    // After a call: what it may have changed is unknown. `second`: of two words that it returns.
    void forget_after_call(const Value& result, const Value& second = {});
    Value second_result() const;
    // What a probe reads isn't what it was any more.
    void forget_memory() { memory_has_changed_ = true; }
    bool memory_has_changed() const { return memory_has_changed_; }

  private:
    struct Slot {
        int64_t offset = 0;
        Value value;
    };

    Machine machine_;
    std::array<Value, kRegisters> registers_;
    std::vector<Slot> stack_;
    std::optional<int64_t> difference_;  // of what was compared last
    bool is_at_probe_ = false;           // the walk began there
    bool memory_has_changed_ = false;
};

}  // namespace capture::tls
