// SPDX-License-Identifier: GPL-2.0-only
//
// Disassembler: the instructions at an address of an ELF file. Owns capstone's handle, not the
// image, which has to outlive it. One thread.
#pragma once

#include <capstone/capstone.h>

#include <cstdint>
#include <unordered_map>
#include <utility>

#include "capture/tls/elf_image.h"
#include "capture/tls/instruction.h"
#include "pcapng/result.h"

namespace capture::tls {

class Disassembler {
  public:
    static pcapng::Result<Disassembler> open(const ElfImage& image);
    Disassembler(Disassembler&& other) noexcept
        : image_(other.image_),
          handle_(std::exchange(other.handle_, 0)),
          instruction_(std::exchange(other.instruction_, nullptr)),
          decoded_(std::move(other.decoded_)) {}
    Disassembler& operator=(Disassembler&&) = delete;
    ~Disassembler();

    // kInvalid if there is no code, or no instruction, at the address. Valid until the next call.
    const Instruction& at(uint64_t address);
    // The first one of a function that does something: behind a mark of a jump's target (endbr,
    // bti).
    const Instruction& first_of(uint64_t function);

  private:
    Disassembler(const ElfImage& image, csh handle, cs_insn* instruction)
        : image_(&image), handle_(handle), instruction_(instruction) {}

    Instruction decode(uint64_t address);

    const ElfImage* image_;
    csh handle_;
    cs_insn* instruction_;  // capstone's buffer
    std::unordered_map<uint64_t, Instruction> decoded_;
};

// What capstone has decoded, in our terms; action kOther for what isn't followed.
Instruction x86_instruction(csh handle, const cs_insn& from);
Instruction aarch64_instruction(csh handle, const cs_insn& from);

}  // namespace capture::tls
