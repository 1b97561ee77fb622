// SPDX-License-Identifier: GPL-2.0-only
//
// What a probe at a function's entry has to do to get at the function's arguments, and at what they
// point to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "capture/tls/elf_image.h"
#include "capture/tls/key_log_function.h"
#include "capture/tls/symbolic_walk.h"

namespace capture::tls {

// Argument `number` (from 0) as C passes it.
Operand c_argument(Machine machine, uint32_t number);

// Word `number` of the arguments as Go passes them (https://go.dev/s/regabi): a string is two
// words, a slice three.
Operand go_argument(Machine machine, uint32_t number);

// Word `number` of the arguments of a call in C, at the instruction that calls.
Operand called_with(Machine machine, uint32_t number);

// A value that is reckoned from what the registers or the stack had (State::at_probe()); none if
// that takes more loads than a probe makes.
std::optional<Operand> operand_at_probe(Machine machine, const Value& value);
// What a function in C has returned; in Go, its first result.
Operand result_of(Machine machine);

Operand stack_pointer(Machine machine);

// Go's own pointer to the goroutine that runs (https://go.dev/s/regabi); on i386 it is in none.
Operand go_routine(Machine machine);

// A value that is reckoned from an argument; none if that takes more loads than a probe makes.
std::optional<Operand> operand_of(Machine machine, const Value& value);

// In the words of an assembler: "rsi"; "rdi + 0x160"; "[rdi + 0x30] + 0x30", where the brackets are
// a load.
std::string operand_text(Machine machine, const Operand& operand);

}  // namespace capture::tls
