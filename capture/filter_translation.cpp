// SPDX-License-Identifier: GPL-2.0-only
#include "capture/filter_translation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "capture/bpf_assembler.h"

namespace capture {
namespace {

using pcapng::Error;
using pcapng::Result;

// Registers. Helpers leave 6 to 9 as they are.
constexpr uint8_t kContext = 6;
constexpr uint8_t kA = 7;  // the accumulator and the index register, 32 bits wide
constexpr uint8_t kX = 8;
constexpr uint8_t kHeaderLength = 9;
constexpr uint8_t kPacket = 9;  // in its place, on the direct way: the packet itself
constexpr uint8_t kFrame = BPF_REG_10;

// The stack, from the top down. The header is the packet's first bytes: loads from a fixed offset,
// nearly all there are, cost one instruction then. It ends below kHeaderEnd.
constexpr int16_t kMemory = -4 * BPF_MEMWORDS;
constexpr int16_t kValue = kMemory - 8;
constexpr int16_t kPointer = kValue - 8;
constexpr int16_t kAddress = kPointer - 8;
constexpr int16_t kHeaderEnd = kAddress - 8;
constexpr uint32_t kHeaderMax = 256;

// A VLAN tag stands behind two Ethernet addresses.
constexpr uint32_t kTagBegin = 12;
constexpr uint32_t kTagEnd = 16;

// Beyond any packet, and what helpers take as an offset.
constexpr uint32_t kOffsetMax = 0x7fff'0000;
// Less than MAX_PACKET_OFF of kernel/bpf/verifier.c: so far a packet is read directly.
constexpr int32_t kDirectMax = 0x7fff;

// sll_pkttype(7) of include/uapi/linux/if_packet.h
constexpr uint32_t kPacketHost = 0;
constexpr uint32_t kPacketOutgoing = 4;

class Translation {
  public:
    Translation(const ClassicProgram& classic, const FilterTarget& target)
        : classic_(unroll_loops(classic, kFilterLoopLimit)),
          reachable_(reachable(classic_)),
          target_(target) {
        // In a loop the verifier would follow every place that a packet is read at.
        target_.direct = target.direct && classic_.size() == classic.size();
    }

    std::vector<bpf_insn> run();

  private:
    void lay_out_header();
    void translate_all();
    void find_packet(BpfAssembler::Label otherwise);
    void load_packet_end(uint8_t to);
    int16_t data_field() const;
    bool is_xdp() const {
        return target_.context == FilterContext::kXdp ||
               target_.context == FilterContext::kXdpLinear;
    }

    bool may_have_tag() const { return target_.context == FilterContext::kTc && target_.ethernet; }

    void begin();
    void load_header();
    void load_tagged_header(BpfAssembler::Label plain, BpfAssembler::Label ready);
    void end();
    void translate(size_t at);
    void translate_load(const sock_filter& insn);
    void translate_alu(const sock_filter& insn);
    void translate_jump(size_t at);
    void translate_return(const sock_filter& insn);
    void load_absolute(uint32_t offset, uint32_t width, uint8_t to);
    void load_from_header(uint32_t offset, uint32_t width, uint8_t to);
    void load_indirect(uint32_t offset, uint32_t width);
    void load_across_tag(uint32_t width, BpfAssembler::Label done);
    void load_packet_type();
    void load_directly(uint8_t base, int16_t offset, uint32_t width, uint8_t to);
    void call_load_bytes(int16_t to);
    void find_address();
    void packet_length();
    void whole_length(uint8_t to);

    int16_t memory(uint32_t word) const {
        return static_cast<int16_t>(kMemory + 4 * static_cast<int>(word));
    }
    int16_t header(uint32_t offset) const {
        return static_cast<int16_t>(header_begin_ + static_cast<int>(offset));
    }

    ClassicProgram classic_;
    std::vector<bool> reachable_;
    FilterTarget target_;
    BpfAssembler out_;
    std::vector<BpfAssembler::Label> labels_;  // by classic instruction
    BpfAssembler::Label match_{};
    BpfAssembler::Label no_match_{};
    size_t relayed_ = 0;  // how long the program was when jumps were last relayed
    bool direct_ = false;
    uint32_t header_size_ = 0;
    int header_begin_ = 0;
};

// As many bytes as the loads from fixed offsets need, placed so that most of these are aligned:
// the verifier wants that of the stack.
void Translation::lay_out_header() {
    bool indirect = false;
    int odd_words = 0;  // words that would be aligned with the header at 4n + 2
    for (size_t at = 0; at < classic_.size(); at++) {
        const sock_filter& insn = classic_[at];
        if (!reachable_[at]) {
            continue;
        }
        indirect = indirect || is_indirect_load(insn);
        if (is_absolute_load(insn) && insn.k <= kHeaderMax - load_width(insn)) {
            header_size_ = std::max(header_size_, insn.k + load_width(insn));
            if (load_width(insn) == 4) {
                odd_words += insn.k % 4 == 2 ? 1 : insn.k % 4 == 0 ? -1 : 0;
            }
        }
    }
    if (may_have_tag() && header_size_ > kTagBegin) {
        header_size_ = std::max(header_size_, kTagEnd);
    }
    if (may_have_tag() && indirect) {  // see load_across_tag()
        header_size_ = std::max(header_size_, kTagEnd + 4);
    }
    header_begin_ =
        kHeaderEnd - static_cast<int>((header_size_ + 7) / 8 * 8) + (odd_words > 0 ? 2 : 0);
}

std::vector<bpf_insn> Translation::run() {
    lay_out_header();
    match_ = out_.make_label();
    no_match_ = out_.make_label();
    begin();
    if (target_.direct && header_size_ > 0) {
        const auto otherwise = out_.make_label();
        find_packet(otherwise);
        direct_ = true;
        translate_all();
        direct_ = false;
        out_.bind(otherwise);
    }
    if (header_size_ > 0) {
        load_header();
    }
    translate_all();
    end();
    return out_.finish();
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

// Whether the header lies in one piece, and no tag beside it: what the direct way goes by.
void Translation::find_packet(BpfAssembler::Label otherwise) {
    if (may_have_tag()) {
        out_.load(BPF_W, BPF_REG_1, kContext, offsetof(__sk_buff, vlan_present));
        out_.jump_if(BPF_JNE, BPF_REG_1, 0, otherwise);
    }
    out_.load(BPF_W, kPacket, kContext, data_field());
    load_packet_end(BPF_REG_2);
    out_.alu64_register(BPF_MOV, BPF_REG_1, kPacket);
    out_.alu64(BPF_ADD, BPF_REG_1, static_cast<int32_t>(header_size_));
    out_.jump_if64_register(BPF_JGT, BPF_REG_1, BPF_REG_2, otherwise);
}

int16_t Translation::data_field() const {
    return is_xdp() ? offsetof(xdp_md, data) : offsetof(__sk_buff, data);
}

void Translation::load_packet_end(uint8_t to) {
    out_.load(BPF_W, to, kContext,
              is_xdp() ? offsetof(xdp_md, data_end) : offsetof(__sk_buff, data_end));
}

void Translation::begin() {
    out_.alu64_register(BPF_MOV, kContext, BPF_REG_1);
    out_.alu(BPF_MOV, kA, 0);
    out_.alu(BPF_MOV, kX, 0);
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
    if (target_.context == FilterContext::kXdpLinear) {
        find_address();
    }
}

// What is read of the stack has to be written first, whatever the packet's length.
void Translation::load_header() {
    const int begin = header_begin_ & ~7;
    for (int at = begin; at < kHeaderEnd + 8 && at < header_begin_ + static_cast<int>(header_size_);
         at += 8) {
        out_.store_value(BPF_DW, kFrame, static_cast<int16_t>(at), 0);
    }
    const auto size = static_cast<int32_t>(header_size_);
    const auto plain = out_.make_label();
    const auto ready = out_.make_label();
    const auto cut = out_.make_label();
    packet_length();
    out_.alu64_register(BPF_MOV, kHeaderLength, BPF_REG_0);
    if (may_have_tag() && header_size_ > kTagBegin) {
        load_tagged_header(plain, ready);
    }
    out_.bind(plain);
    out_.jump_if64(BPF_JLT, kHeaderLength, 1, ready);
    out_.alu64_register(BPF_MOV, BPF_REG_4, kHeaderLength);
    out_.jump_if64(BPF_JLE, BPF_REG_4, size, cut);
    out_.alu64(BPF_MOV, BPF_REG_4, size);
    out_.bind(cut);
    out_.alu64(BPF_MOV, BPF_REG_2, 0);
    call_load_bytes(header(0));
    out_.jump_if(BPF_JNE, BPF_REG_0, 0, no_match_);
    out_.bind(ready);
    const auto done = out_.make_label();
    out_.jump_if64(BPF_JLE, kHeaderLength, size, done);
    out_.alu64(BPF_MOV, kHeaderLength, size);
    out_.bind(done);
}

// The header of a packet whose tag the kernel keeps beside it. A frame too short to have a tag in
// it has none in the file either.
void Translation::load_tagged_header(BpfAssembler::Label plain, BpfAssembler::Label ready) {
    const auto cut = out_.make_label();
    const auto tagged = out_.make_label();
    out_.load(BPF_W, BPF_REG_1, kContext, offsetof(__sk_buff, vlan_present));
    out_.jump_if(BPF_JEQ, BPF_REG_1, 0, plain);
    out_.jump_if64(BPF_JLT, kHeaderLength, kTagBegin, plain);
    out_.alu64(BPF_MOV, BPF_REG_2, 0);
    out_.alu64(BPF_MOV, BPF_REG_4, kTagBegin);
    call_load_bytes(header(0));
    out_.jump_if(BPF_JNE, BPF_REG_0, 0, no_match_);
    out_.load(BPF_W, BPF_REG_1, kContext, offsetof(__sk_buff, vlan_proto));  // network byte order
    out_.store(BPF_H, kFrame, header(kTagBegin), BPF_REG_1);
    out_.load(BPF_W, BPF_REG_1, kContext, offsetof(__sk_buff, vlan_tci));
    out_.to_host_order(BPF_REG_1, 16);
    out_.store(BPF_H, kFrame, header(kTagBegin + 2), BPF_REG_1);
    if (header_size_ > kTagEnd) {
        const auto rest = static_cast<int32_t>(header_size_ - kTagEnd);
        out_.alu64_register(BPF_MOV, BPF_REG_4, kHeaderLength);
        out_.alu64(BPF_SUB, BPF_REG_4, kTagBegin);
        out_.jump_if64(BPF_JLT, BPF_REG_4, 1, tagged);
        out_.jump_if64(BPF_JLE, BPF_REG_4, rest, cut);
        out_.alu64(BPF_MOV, BPF_REG_4, rest);
        out_.bind(cut);
        out_.alu64(BPF_MOV, BPF_REG_2, kTagBegin);
        call_load_bytes(header(kTagEnd));
        out_.jump_if(BPF_JNE, BPF_REG_0, 0, no_match_);
    }
    out_.bind(tagged);
    out_.alu64(BPF_ADD, kHeaderLength, kTagEnd - kTagBegin);
    out_.jump(ready);
}

// The packet's own length into r0.
void Translation::packet_length() {
    switch (target_.context) {
        case FilterContext::kTc:
        case FilterContext::kCgroup:
            out_.load(BPF_W, BPF_REG_0, kContext, offsetof(__sk_buff, len));
            break;
        case FilterContext::kXdp:
            out_.alu64_register(BPF_MOV, BPF_REG_1, kContext);
            out_.call(BPF_FUNC_xdp_get_buff_len);
            break;
        case FilterContext::kXdpLinear:
            out_.load(BPF_W, BPF_REG_0, kContext, offsetof(xdp_md, data_end));
            out_.load(BPF_W, BPF_REG_1, kContext, offsetof(xdp_md, data));
            out_.alu64_register(BPF_SUB, BPF_REG_0, BPF_REG_1);
            break;
    }
}

// Copies r4 bytes from offset r2 of the packet to the stack; r0 is 0 if it has them.
void Translation::call_load_bytes(int16_t to) {
    if (target_.context != FilterContext::kXdpLinear) {
        out_.alu64_register(BPF_MOV, BPF_REG_1, kContext);
        out_.alu64_register(BPF_MOV, BPF_REG_3, kFrame);
        out_.alu64(BPF_ADD, BPF_REG_3, to);
        out_.call(target_.context == FilterContext::kXdp ? BPF_FUNC_xdp_load_bytes
                                                         : BPF_FUNC_skb_load_bytes);
        return;
    }
    const auto done = out_.make_label();
    packet_length();
    out_.alu64_register(BPF_SUB, BPF_REG_0, BPF_REG_4);
    out_.alu64_register(BPF_SUB, BPF_REG_0, BPF_REG_2);
    out_.jump_if64(BPF_JSLT, BPF_REG_0, 0, done);
    out_.load(BPF_DW, BPF_REG_3, kFrame, kAddress);
    out_.alu64_register(BPF_ADD, BPF_REG_3, BPF_REG_2);
    out_.alu64_register(BPF_MOV, BPF_REG_2, BPF_REG_4);
    out_.alu64_register(BPF_MOV, BPF_REG_1, kFrame);
    out_.alu64(BPF_ADD, BPF_REG_1, to);
    out_.call(BPF_FUNC_probe_read_kernel);
    out_.bind(done);
}

// The packet's address as a number: with a pointer the verifier would follow every value that an
// offset may have.
void Translation::find_address() {
    out_.load(BPF_W, BPF_REG_1, kContext, offsetof(xdp_md, data));
    out_.store(BPF_DW, kFrame, kPointer, BPF_REG_1);
    out_.alu64_register(BPF_MOV, BPF_REG_1, kFrame);
    out_.alu64(BPF_ADD, BPF_REG_1, kAddress);
    out_.alu64(BPF_MOV, BPF_REG_2, sizeof(uint64_t));
    out_.alu64_register(BPF_MOV, BPF_REG_3, kFrame);
    out_.alu64(BPF_ADD, BPF_REG_3, kPointer);
    out_.call(BPF_FUNC_probe_read_kernel);
    out_.jump_if(BPF_JNE, BPF_REG_0, 0, no_match_);
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
    // No packet is so long. A condition that always holds, because the kernel refuses code behind a
    // plain jump.
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
            whole_length(to);
            break;
        case BPF_ABS:
            if (is_packet_type_load(insn)) {
                load_packet_type();
            } else {
                load_absolute(insn.k, load_width(insn), kA);
            }
            break;
        case BPF_IND:
            load_indirect(insn.k, load_width(insn));
            break;
        default:  // BPF_MSH: the length of an IPv4 header
            load_absolute(insn.k, 1, kX);
            out_.alu(BPF_AND, kX, 0xf);
            out_.alu(BPF_LSH, kX, 2);
    }
}

void Translation::whole_length(uint8_t to) {
    packet_length();
    out_.alu_register(BPF_MOV, to, BPF_REG_0);
    if (may_have_tag()) {
        const auto plain = out_.make_label();
        out_.load(BPF_W, BPF_REG_1, kContext, offsetof(__sk_buff, vlan_present));
        out_.jump_if(BPF_JEQ, BPF_REG_1, 0, plain);
        out_.jump_if(BPF_JLT, to, kTagBegin, plain);
        out_.alu(BPF_ADD, to, kTagEnd - kTagBegin);
        out_.bind(plain);
    }
}

// From the bytes that the file will have.
void Translation::load_absolute(uint32_t offset, uint32_t width, uint8_t to) {
    if (direct_ && offset + width <= header_size_) {
        load_directly(kPacket, static_cast<int16_t>(offset), width, to);
        return;
    }
    if (offset + width <= header_size_) {
        out_.jump_if(BPF_JLT, kHeaderLength, offset + width, no_match_);
        load_from_header(offset, width, to);
        return;
    }
    out_.alu64(BPF_MOV, BPF_REG_2, static_cast<int32_t>(offset));
    if (may_have_tag() && !direct_) {  // far behind the tag
        const auto plain = out_.make_label();
        out_.load(BPF_W, BPF_REG_1, kContext, offsetof(__sk_buff, vlan_present));
        out_.jump_if(BPF_JEQ, BPF_REG_1, 0, plain);
        out_.alu64(BPF_SUB, BPF_REG_2, kTagEnd - kTagBegin);
        out_.bind(plain);
    }
    out_.alu64(BPF_MOV, BPF_REG_4, static_cast<int32_t>(width));
    call_load_bytes(kValue);
    out_.jump_if(BPF_JNE, BPF_REG_0, 0, no_match_);
    load_directly(kFrame, kValue, width, to);
}

void Translation::load_from_header(uint32_t offset, uint32_t width, uint8_t to) {
    if ((header_begin_ + static_cast<int>(offset)) % static_cast<int>(width) == 0) {
        load_directly(kFrame, header(offset), width, to);
        return;
    }
    out_.load(BPF_B, to, kFrame, header(offset));
    for (uint32_t byte = 1; byte < width; byte++) {
        out_.load(BPF_B, BPF_REG_1, kFrame, header(offset + byte));
        out_.alu(BPF_LSH, to, 8);
        out_.alu_register(BPF_OR, to, BPF_REG_1);
    }
}

// A value that lies in network byte order.
void Translation::load_directly(uint8_t base, int16_t offset, uint32_t width, uint8_t to) {
    const uint8_t size = width == 1 ? BPF_B : width == 2 ? BPF_H : BPF_W;
    out_.load(size, to, base, offset);
    if (width > 1) {
        out_.to_host_order(to, static_cast<int32_t>(8 * width));
    }
}

// A = packet[X + offset], where the sum has more than 32 bits, so that it doesn't wrap.
void Translation::load_indirect(uint32_t offset, uint32_t width) {
    const auto plain = out_.make_label();
    const auto done = out_.make_label();
    out_.alu64_register(BPF_MOV, BPF_REG_2, kX);
    out_.alu64(BPF_ADD, BPF_REG_2, static_cast<int32_t>(offset));
    out_.jump_if64(BPF_JGT, BPF_REG_2, static_cast<int32_t>(kOffsetMax), no_match_);
    if (direct_) {
        out_.jump_if64(BPF_JGT, BPF_REG_2, kDirectMax, plain);
        out_.alu64_register(BPF_MOV, BPF_REG_1, kPacket);
        out_.alu64_register(BPF_ADD, BPF_REG_1, BPF_REG_2);
        out_.alu64_register(BPF_MOV, BPF_REG_3, BPF_REG_1);
        out_.alu64(BPF_ADD, BPF_REG_3, static_cast<int32_t>(width));
        load_packet_end(BPF_REG_4);
        out_.jump_if64_register(BPF_JGT, BPF_REG_3, BPF_REG_4, plain);
        load_directly(BPF_REG_1, 0, width, kA);
        out_.jump(done);
    } else if (may_have_tag()) {
        const auto before = out_.make_label();
        out_.load(BPF_W, BPF_REG_1, kContext, offsetof(__sk_buff, vlan_present));
        out_.jump_if(BPF_JEQ, BPF_REG_1, 0, plain);
        out_.jump_if64(BPF_JLT, BPF_REG_2, static_cast<int32_t>(kTagEnd), before);
        out_.alu64(BPF_SUB, BPF_REG_2, kTagEnd - kTagBegin);
        out_.jump(plain);
        out_.bind(before);
        load_across_tag(width, done);
    }
    out_.bind(plain);
    out_.alu64(BPF_MOV, BPF_REG_4, static_cast<int32_t>(width));
    call_load_bytes(kValue);
    out_.jump_if(BPF_JNE, BPF_REG_0, 0, no_match_);
    load_directly(kFrame, kValue, width, kA);
    out_.bind(done);
}

// A load at r2, below the end of the tag, where the packet has one beside it: the header has all of
// it, but at an offset that must be constant. What doesn't touch the tag goes on.
void Translation::load_across_tag(uint32_t width, BpfAssembler::Label done) {
    for (uint32_t offset = kTagBegin + 1 - width; offset < kTagEnd; offset++) {
        const auto next = out_.make_label();
        out_.jump_if(BPF_JNE, BPF_REG_2, offset, next);
        out_.jump_if(BPF_JLT, kHeaderLength, offset + width, no_match_);
        load_from_header(offset, width, kA);
        out_.jump(done);
        out_.bind(next);
    }
}

void Translation::load_packet_type() {
    if (target_.outgoing) {
        out_.alu(BPF_MOV, kA, kPacketOutgoing);
    } else if (target_.context == FilterContext::kTc) {
        out_.load(BPF_W, kA, kContext, offsetof(__sk_buff, pkt_type));
    } else {
        out_.alu(BPF_MOV, kA, kPacketHost);
    }
}

// Values and operations of classic and extended BPF are the same, but for what a register does that
// is zero, or too large for a shift.
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
                                               const FilterTarget& target) {
    if (const auto fault = fault_of(classic)) {
        return Error{"the filter is no classic BPF program: " + *fault};
    }
    return Translation(classic, target).run();
}

}  // namespace capture
