// SPDX-License-Identifier: GPL-2.0-only
#include "capture/filter/filter_translation.h"

#include "capture/filter/bpf_assembler.h"
#include "capture/filter/packet_loads.h"

namespace capture {
namespace {

using pcapng::Error;
using pcapng::Result;

class Translation {
  public:
    explicit Translation(const FilterTarget& target)
        : target_(target),
          match_(out_.make_label()),
          no_match_(out_.make_label()),
          loads_(out_, target, no_match_) {}

    std::vector<bpf_insn> run(const ClassicProgram& classic, const ClassicProgram* tagged);

  private:
    void begin();
    void translate_program(const ClassicProgram& classic, VlanTag tag);
    void clear_memory();
    void translate_all();
    void end();
    void translate(size_t at);
    void translate_load(const sock_filter& insn);
    void translate_ancillary_load(AncillaryLoad load);
    void translate_alu(const sock_filter& insn);
    void translate_jump(size_t at);
    void translate_return(const sock_filter& insn);

    int16_t memory(uint32_t word) const {
        return static_cast<int16_t>(kMemory + 4 * static_cast<int>(word));
    }

    FilterTarget target_;
    BpfAssembler out_;
    BpfAssembler::Label match_;
    BpfAssembler::Label no_match_;
    PacketLoads loads_;
    ClassicProgram classic_;  // the program at hand, without loops
    std::vector<bool> reachable_;
    std::vector<BpfAssembler::Label> labels_;  // by classic instruction
    size_t relayed_ = 0;                       // the program's length when jumps were last relayed
};

// At traffic control, one program does for all packets if it doesn't ask for the tag, which stands
// beside the bytes. At XDP the tag is in the bytes, so that the offsets differ.
std::vector<bpf_insn> Translation::run(const ClassicProgram& classic,
                                       const ClassicProgram* tagged) {
    begin();
    const bool tags_in_bytes = loads_.may_have_tag_in_bytes();
    if (!tags_in_bytes && (tagged == nullptr || !loads_.may_have_tag_beside())) {
        translate_program(classic, VlanTag::kNone);
        end();
        return out_.finish();
    }
    const auto has_tag = out_.make_label();
    loads_.jump_if_tagged(has_tag);
    translate_program(classic, VlanTag::kNone);
    out_.bind(has_tag);
    translate_program(tagged != nullptr ? *tagged : classic,
                      tags_in_bytes ? VlanTag::kInBytes : VlanTag::kBeside);
    end();
    return out_.finish();
}

void Translation::translate_program(const ClassicProgram& classic, VlanTag tag) {
    classic_ = unroll_loops(classic, kFilterLoopLimit);
    reachable_ = reachable(classic_);
    loads_.lay_out_header(classic_, reachable_, tag);
    clear_memory();
    // In a loop, the verifier would follow each packet access of the direct path separately.
    const bool loops = classic_.size() != classic.size();
    if (target_.direct && !loops && loads_.has_header() && tag != VlanTag::kInBytes) {
        const auto otherwise = out_.make_label();
        loads_.begin_direct(otherwise);
        translate_all();
        out_.bind(otherwise);
    }
    loads_.begin_copy();
    translate_all();
}

void Translation::translate_all() {
    labels_.clear();
    for (size_t at = 0; at < classic_.size(); at++) {
        labels_.push_back(out_.make_label());
    }
    for (size_t at = 0; at < classic_.size(); at++) {
        if (!reachable_[at]) {
            continue;
        }
        if (out_.size() - relayed_ > BpfAssembler::kReach) {
            out_.relay_jumps();
            relayed_ = out_.size();
        }
        out_.bind(labels_[at]);
        translate(at);
    }
}

void Translation::begin() {
    out_.alu64_register(BPF_MOV, kContext, BPF_REG_1);
    out_.alu(BPF_MOV, kA, 0);
    out_.alu(BPF_MOV, kX, 0);
    loads_.begin();
}

// The verifier requires words to be written before they are read.
void Translation::clear_memory() {
    std::vector<bool> words(BPF_MEMWORDS);
    for (size_t at = 0; at < classic_.size(); at++) {
        const sock_filter& insn = classic_[at];
        const bool load = BPF_CLASS(insn.code) == BPF_LD || BPF_CLASS(insn.code) == BPF_LDX;
        if (reachable_[at] && load && BPF_MODE(insn.code) == BPF_MEM) {
            words[insn.k] = true;
        }
    }
    for (uint32_t word = 0; word < BPF_MEMWORDS; word++) {
        if (words[word]) {
            out_.store_value(BPF_W, kFrame, memory(word), 0);
        }
    }
}

void Translation::end() {
    const auto leave = [this](BpfAssembler::Label label, FilterExit exit) {
        if (!out_.is_used(label)) {
            return;
        }
        out_.bind(label);
        out_.alu64_register(BPF_MOV, BPF_REG_1, kContext);
        out_.load_map(BPF_REG_2, target_.exits_fd);
        out_.alu(BPF_MOV, BPF_REG_3, exit);
        out_.call(BPF_FUNC_tail_call);
        out_.alu64(BPF_MOV, BPF_REG_0, pass_verdict(target_.context));
        out_.exit();
    };
    leave(match_, kFilterMatch);
    leave(no_match_, kFilterNoMatch);
}

void Translation::translate(size_t at) {
    const sock_filter& insn = classic_[at];
    switch (BPF_CLASS(insn.code)) {
        case BPF_LD:
        case BPF_LDX:
            translate_load(insn);
            break;
        case BPF_ST:
            out_.store(BPF_W, kFrame, memory(insn.k), kA);
            break;
        case BPF_STX:
            out_.store(BPF_W, kFrame, memory(insn.k), kX);
            break;
        case BPF_ALU:
            translate_alu(insn);
            break;
        case BPF_JMP:
            translate_jump(at);
            break;
        case BPF_RET:
            translate_return(insn);
            break;
        default:
            if (BPF_MISCOP(insn.code) == BPF_TAX) {
                out_.alu_register(BPF_MOV, kX, kA);
            } else {
                out_.alu_register(BPF_MOV, kA, kX);
            }
    }
}

void Translation::translate_load(const sock_filter& insn) {
    // No packet is that long. Emits a condition that always holds, because the kernel refuses
    // unreachable code after an unconditional jump.
    if ((is_absolute_load(insn) || is_indirect_load(insn)) && insn.k > kOffsetMax) {
        out_.jump_if(BPF_JGE, kA, 0, no_match_);
        return;
    }
    const uint8_t to = BPF_CLASS(insn.code) == BPF_LD ? kA : kX;
    switch (BPF_MODE(insn.code)) {
        case BPF_IMM:
            out_.alu(BPF_MOV, to, insn.k);
            break;
        case BPF_MEM:
            out_.load(BPF_W, to, kFrame, memory(insn.k));
            break;
        case BPF_LEN:
            loads_.length(to);
            break;
        case BPF_ABS:
            if (const auto ancillary = ancillary_load(insn); ancillary != AncillaryLoad::kNone) {
                translate_ancillary_load(ancillary);
            } else {
                loads_.absolute(insn.k, load_width(insn), kA);
            }
            break;
        case BPF_IND:
            loads_.indirect(insn.k, load_width(insn));
            break;
        default:  // BPF_MSH: the length of an IPv4 header
            loads_.absolute(insn.k, 1, kX);
            out_.alu(BPF_AND, kX, 0xf);
            out_.alu(BPF_LSH, kX, 2);
    }
}

void Translation::translate_ancillary_load(AncillaryLoad load) {
    if (load == AncillaryLoad::kPacketType) {
        loads_.packet_type();
    } else if (load == AncillaryLoad::kVlanTag) {
        loads_.vlan_tag();
    } else {
        loads_.vlan_tag_present();
    }
}

// Classic and extended BPF have the same values and operations, except for division by a register
// that is zero, and shifts by a register that is too large.
void Translation::translate_alu(const sock_filter& insn) {
    const auto operation = static_cast<uint8_t>(BPF_OP(insn.code));
    if (operation == BPF_NEG) {
        out_.alu(BPF_NEG, kA, 0);
        return;
    }
    if (BPF_SRC(insn.code) == BPF_K) {
        out_.alu(operation, kA, insn.k);
        return;
    }
    if (operation == BPF_DIV || operation == BPF_MOD) {
        out_.jump_if(BPF_JEQ, kX, 0, no_match_);
    }
    if (operation == BPF_LSH || operation == BPF_RSH) {
        const auto shift = out_.make_label();
        const auto done = out_.make_label();
        out_.jump_if(BPF_JLT, kX, 32, shift);
        out_.alu(BPF_MOV, kA, 0);
        out_.jump(done);
        out_.bind(shift);
        out_.alu_register(operation, kA, kX);
        out_.bind(done);
        return;
    }
    out_.alu_register(operation, kA, kX);
}

void Translation::translate_jump(size_t at) {
    const sock_filter& insn = classic_[at];
    const auto operation = static_cast<uint8_t>(BPF_OP(insn.code));
    if (operation == BPF_JA) {
        out_.jump(labels_[at + 1 + insn.k]);
        return;
    }
    const auto yes = labels_[at + 1 + insn.jt];
    if (BPF_SRC(insn.code) == BPF_K) {
        out_.jump_if(operation, kA, insn.k, yes);
    } else {
        out_.jump_if_register(operation, kA, kX, yes);
    }
    if (insn.jf != 0) {
        out_.jump(labels_[at + 1 + insn.jf]);
    }
}

void Translation::translate_return(const sock_filter& insn) {
    if (BPF_RVAL(insn.code) == BPF_A) {
        out_.jump_if(BPF_JEQ, kA, 0, no_match_);
        out_.jump(match_);
    } else {
        out_.jump(insn.k != 0 ? match_ : no_match_);
    }
}

}  // namespace

int pass_verdict(FilterContext context) {
    constexpr int kNext = -1;  // TCX_NEXT of include/uapi/linux/bpf.h, TC_ACT_UNSPEC of pkt_cls.h
    switch (context) {
        case FilterContext::kTc:
            return kNext;
        case FilterContext::kXdp:
        case FilterContext::kXdpLinear:
            return XDP_PASS;
        case FilterContext::kCgroup:
            break;
    }
    return 1;
}

Result<std::vector<bpf_insn>> translate_filter(const ClassicProgram& classic,
                                               const ClassicProgram* tagged,
                                               const FilterTarget& target) {
    for (const ClassicProgram* program : {&classic, tagged}) {
        if (const auto fault = program != nullptr ? fault_of(*program) : std::nullopt) {
            return Error{"the filter is no classic BPF program: " + *fault};
        }
    }
    return Translation(target).run(classic, tagged);
}

}  // namespace capture
