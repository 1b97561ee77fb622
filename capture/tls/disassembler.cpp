// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/disassembler.h"

#include <string>

namespace capture::tls {
namespace {

constexpr size_t kLongestInstruction = 15;
// Code is walked more than once. No file needs as many.
constexpr size_t kMaxRemembered = 100'000;

}  // namespace

pcapng::Result<Disassembler> Disassembler::open(const ElfImage& image) {
    csh handle = 0;
    const bool arm = image.machine() == Machine::kAarch64;
    const bool wide = image.machine() == Machine::kX86_64;
    cs_err error = cs_open(arm ? CS_ARCH_ARM64 : CS_ARCH_X86,
                           arm    ? CS_MODE_LITTLE_ENDIAN
                           : wide ? CS_MODE_64
                                  : CS_MODE_32,
                           &handle);
    if (error == CS_ERR_OK) {
        error = cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
    }
    cs_insn* instruction = error == CS_ERR_OK ? cs_malloc(handle) : nullptr;
    if (instruction == nullptr) {
        if (handle != 0) {
            cs_close(&handle);
        }
        return pcapng::Error{std::string("the disassembler can't be used: ") + cs_strerror(error)};
    }
    return Disassembler(image, handle, instruction);
}

Disassembler::~Disassembler() {
    if (handle_ != 0) {
        cs_free(instruction_, 1);
        cs_close(&handle_);
    }
}

const Instruction& Disassembler::at(uint64_t address) {
    const auto found = decoded_.find(address);
    if (found != decoded_.end()) {
        return found->second;
    }
    if (decoded_.size() == kMaxRemembered) {
        decoded_.clear();
    }
    return decoded_.emplace(address, decode(address)).first->second;
}

const Instruction& Disassembler::first_of(uint64_t function) {
    const Instruction& first = at(function);
    const bool is_mark = first.action == Instruction::Action::kOther && first.written == 0 &&
                         first.first.kind == Place::Kind::kNone;
    return is_mark ? at(first.next()) : first;
}

Instruction Disassembler::decode(uint64_t address) {
    Instruction none;
    none.address = address;
    if (!image_->is_code(address)) {
        return none;
    }
    const std::span<const uint8_t> bytes = image_->view(address, kLongestInstruction);
    const uint8_t* code = bytes.data();
    size_t size = bytes.size();
    uint64_t next = address;
    if (!cs_disasm_iter(handle_, &code, &size, &next, instruction_)) {
        return none;
    }
    return image_->machine() == Machine::kAarch64 ? aarch64_instruction(handle_, *instruction_)
                                                  : x86_instruction(handle_, *instruction_);
}

}  // namespace capture::tls
