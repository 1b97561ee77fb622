// SPDX-License-Identifier: GPL-2.0-only
//
// BpfAssembler: appends eBPF instructions (RFC 9669) to a program, and resolves labels to jump
// offsets. Operations have the names of linux/bpf_common.h and linux/bpf.h.
#pragma once

#include <linux/bpf.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace capture {

class BpfAssembler {
  public:
    struct Label {
        size_t index;
    };

    size_t size() const { return code_.size(); }

    // dst = dst OP value, 32 bits wide unless the name says 64. A 32-bit operation sets the upper
    // half of dst to 0.
    void alu(uint8_t operation, uint8_t dst, uint32_t value) {
        emit(BPF_ALU | BPF_K | operation, dst, 0, 0, static_cast<int32_t>(value));
    }
    void alu_register(uint8_t operation, uint8_t dst, uint8_t src) {
        emit(BPF_ALU | BPF_X | operation, dst, src, 0, 0);
    }
    void alu64(uint8_t operation, uint8_t dst, int32_t value) {
        emit(BPF_ALU64 | BPF_K | operation, dst, 0, 0, value);
    }
    void alu64_register(uint8_t operation, uint8_t dst, uint8_t src) {
        emit(BPF_ALU64 | BPF_X | operation, dst, src, 0, 0);
    }
    // Converts the lower `bits` bits of dst from network byte order to the machine's.
    void to_host_order(uint8_t dst, int32_t bits) {
        emit(BPF_ALU | BPF_END | BPF_TO_BE, dst, 0, 0, bits);
    }

    // `size` is BPF_B, BPF_H, BPF_W or BPF_DW.
    void load(uint8_t size, uint8_t dst, uint8_t base, int16_t offset) {
        emit(BPF_LDX | BPF_MEM | size, dst, base, offset, 0);
    }
    void store(uint8_t size, uint8_t base, int16_t offset, uint8_t src) {
        emit(BPF_STX | BPF_MEM | size, base, src, offset, 0);
    }
    void store_value(uint8_t size, uint8_t base, int16_t offset, int32_t value) {
        emit(BPF_ST | BPF_MEM | size, base, 0, offset, value);
    }
    void load_map(uint8_t dst, int fd) {
        emit(BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_FD, 0, fd);
        emit(0, 0, 0, 0, 0);
    }

    void call(bpf_func_id function) { emit(BPF_JMP | BPF_CALL, 0, 0, 0, function); }
    void exit() { emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

    Label make_label() {
        targets_.emplace_back();
        return Label{targets_.size() - 1};
    }
    // Makes the label stand for the next instruction.
    void bind(Label label) { targets_[label.index] = code_.size(); }
    // Returns true if a jump goes to the label. The kernel refuses unreachable code.
    bool is_used(Label label) const {
        return std::any_of(jumps_.begin(), jumps_.end(),
                           [label](const auto& jump) { return jump.second.index == label.index; });
    }

    void jump(Label to) { emit_jump(BPF_JMP | BPF_JA, 0, 0, 0, to); }
    // Compares 32 bits, unsigned except for BPF_JS….
    void jump_if(uint8_t operation, uint8_t dst, uint32_t value, Label to) {
        emit_jump(BPF_JMP32 | BPF_K | operation, dst, 0, static_cast<int32_t>(value), to);
    }
    void jump_if_register(uint8_t operation, uint8_t dst, uint8_t src, Label to) {
        emit_jump(BPF_JMP32 | BPF_X | operation, dst, src, 0, to);
    }
    void jump_if64(uint8_t operation, uint8_t dst, int32_t value, Label to) {
        emit_jump(BPF_JMP | BPF_K | operation, dst, 0, value, to);
    }

    void jump_if64_register(uint8_t operation, uint8_t dst, uint8_t src, Label to) {
        emit_jump(BPF_JMP | BPF_X | operation, dst, src, 0, to);
    }

    // A jump's offset has only 16 bits. Call this at least every kReach instructions: it emits
    // intermediate jumps for all earlier jumps whose label isn't bound yet.
    static constexpr size_t kReach = 16000;
    void relay_jumps() {
        const Label over = make_label();
        if (falls_through()) {
            jump(over);
        }
        std::map<size_t, Label> relays;  // by the index of the unbound label
        const size_t end = jumps_.size();
        for (; relayed_ < end; relayed_++) {
            const Label to = jumps_[relayed_].second;
            if (targets_[to.index] || to.index == over.index) {
                continue;
            }
            if (!relays.contains(to.index)) {
                relays.emplace(to.index, make_label());
                bind(relays.at(to.index));
                jump(to);
            }
            jumps_[relayed_].second = relays.at(to.index);
        }
        bind(over);
    }

    // Returns the instructions with their jumps resolved. Every label that a jump uses must be
    // bound. Call it once.
    std::vector<bpf_insn> finish() {
        for (const auto& [at, label] : jumps_) {
            const int64_t distance =
                static_cast<int64_t>(*targets_[label.index]) - static_cast<int64_t>(at) - 1;
            assert(distance >= std::numeric_limits<int16_t>::min() &&
                   distance <= std::numeric_limits<int16_t>::max());
            code_[at].off = static_cast<int16_t>(distance);
        }
        return std::move(code_);
    }

  private:
    // Returns true if execution can continue from the last instruction to the next one.
    bool falls_through() const {
        return code_.empty() || (code_.back().code != (BPF_JMP | BPF_JA) &&
                                 code_.back().code != (BPF_JMP | BPF_EXIT));
    }
    void emit(int code, uint8_t dst, uint8_t src, int16_t offset, int32_t value) {
        bpf_insn insn{};
        insn.code = static_cast<uint8_t>(code);
        insn.dst_reg = dst & 0xf;
        insn.src_reg = src & 0xf;
        insn.off = offset;
        insn.imm = value;
        code_.push_back(insn);
    }
    void emit_jump(int code, uint8_t dst, uint8_t src, int32_t value, Label to) {
        jumps_.emplace_back(code_.size(), to);
        emit(code, dst, src, 0, value);
    }

    std::vector<bpf_insn> code_;
    std::vector<std::optional<size_t>> targets_;  // by label
    std::vector<std::pair<size_t, Label>> jumps_;
    size_t relayed_ = 0;  // how many jumps relay_jumps() has handled
};

}  // namespace capture
