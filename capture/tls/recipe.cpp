// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "capture/tls/instruction.h"

namespace capture::tls {
namespace {

// Offsets in struct pt_regs (arch/x86/include/asm/ptrace.h), by the number of the register.
constexpr std::array<uint16_t, 16> kX86Registers = {80, 88, 96, 40, 152, 32, 104, 112,
                                                    72, 64, 56, 48, 24,  16, 8,   0};
constexpr Register kX86StackPointer = 4;
constexpr Register kX86GoRoutine = 14;
constexpr Register kArmStackPointer = 31;
constexpr uint32_t kAarch64GoRoutine = 28;
constexpr std::array<Register, 6> kCArguments = {7, 6, 2, 1, 8, 9};
constexpr std::array<Register, 9> kGoArguments = {0, 3, 1, 7, 6, 8, 9, 10, 11};

constexpr std::array<std::string_view, 16> kX86Names = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                                        "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                                        "r12", "r13", "r14", "r15"};

Operand in_register(uint16_t offset) {
    return {.reg = offset, .loads = 0, .offsets = {}};
}

// arch/arm64/include/uapi/asm/ptrace.h.
Operand in_aarch64_register(uint32_t number) {
    return in_register(static_cast<uint16_t>(8 * number));
}

std::optional<Operand> reckoned_from(Operand operand, const Value& value) {
    if (operand.loads + value.loads > int{Operand::kMaxLoads}) {
        return {};
    }
    for (size_t i = 0; i <= value.loads; ++i) {
        operand.offsets[operand.loads + i] = static_cast<int32_t>(value.offsets[i]);
    }
    operand.loads = static_cast<uint16_t>(operand.loads + value.loads);
    return operand;
}

// The word at so many bytes from the top of the stack.
Operand on_x86_stack(size_t bytes) {
    return {.reg = kX86Registers[kX86StackPointer],
            .loads = 1,
            .offsets = {static_cast<int32_t>(bytes)}};
}

// Word `number` of those behind the return address.
Operand on_i386_stack(uint32_t number) {
    return on_x86_stack(4 + size_t{4} * number);
}

}  // namespace

Operand c_argument(Machine machine, uint32_t number) {
    switch (machine) {
        case Machine::kX86_64:
            return number < kCArguments.size()
                       ? in_register(kX86Registers[kCArguments.at(number)])
                       : on_x86_stack(8 + 8 * (number - kCArguments.size()));
        case Machine::kI386:
            return on_i386_stack(number);
        case Machine::kAarch64:
            break;
    }
    return in_aarch64_register(number);
}

Operand go_argument(Machine machine, uint32_t number) {
    switch (machine) {
        case Machine::kX86_64:
            return in_register(kX86Registers[kGoArguments.at(number)]);
        case Machine::kI386:
            return on_i386_stack(number);  // which has no ABI with registers
        case Machine::kAarch64:
            break;
    }
    return in_aarch64_register(number);
}

Operand result_of(Machine machine) {
    return machine == Machine::kAarch64 ? in_aarch64_register(0) : in_register(kX86Registers[0]);
}

Operand stack_pointer(Machine machine) {
    return machine == Machine::kAarch64 ? in_aarch64_register(kArmStackPointer)
                                        : in_register(kX86Registers[kX86StackPointer]);
}

Operand go_routine(Machine machine) {
    return machine == Machine::kAarch64 ? in_aarch64_register(kAarch64GoRoutine)
                                        : in_register(kX86Registers[kX86GoRoutine]);
}

std::optional<Operand> operand_of(Machine machine, const Value& value) {
    if (value.kind != Value::Kind::kAddress || value.symbol >= kMaxArguments) {
        return {};
    }
    return reckoned_from(c_argument(machine, value.symbol), value);
}

Operand called_with(Machine machine, uint32_t number) {
    if (machine == Machine::kX86_64 && number >= kCArguments.size()) {
        return on_x86_stack(8 * (number - kCArguments.size()));
    }
    return c_argument(machine, number);
}

std::optional<Operand> operand_at_probe(Machine machine, const Value& value) {
    if (value.kind != Value::Kind::kAddress) {
        return {};
    }
    if (value.symbol == kStackSymbol) {
        return reckoned_from(stack_pointer(machine), value);
    }
    if (value.symbol < kRegisterSymbol || value.symbol >= kRegisterSymbol + kGeneralRegisters) {
        return {};
    }
    const uint32_t number = value.symbol - kRegisterSymbol;
    return reckoned_from(machine == Machine::kAarch64 ? in_aarch64_register(number)
                                                      : in_register(kX86Registers.at(number)),
                         value);
}

std::string operand_text(Machine machine, const Operand& operand) {
    const auto found = std::ranges::find(kX86Registers, operand.reg);
    std::string text =
        machine == Machine::kAarch64
            ? operand.reg == 8 * kArmStackPointer ? "sp" : fmt::format("x{}", operand.reg / 8)
        : found == kX86Registers.end()
            ? fmt::format("pt_regs + {}", operand.reg)
            : std::string(kX86Names[static_cast<size_t>(found - kX86Registers.begin())]);
    for (uint16_t i = 0; i <= operand.loads; ++i) {
        if (i > 0) {
            text = "[" + text + "]";
        }
        const int32_t offset = operand.offsets[i];
        if (offset != 0) {
            text += fmt::format(" {} {:#x}", offset < 0 ? '-' : '+', std::abs(int64_t{offset}));
        }
    }
    return text;
}

}  // namespace capture::tls
