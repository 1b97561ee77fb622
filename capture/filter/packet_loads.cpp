// SPDX-License-Identifier: GPL-2.0-only
#include "capture/filter/packet_loads.h"

#include <linux/if_ether.h>

#include <algorithm>
#include <cstddef>

namespace capture {
namespace {

// Places on the stack. The header holds the packet's first bytes, so that a load from a fixed
// offset, as nearly all are, takes one instruction. It ends below kHeaderEnd.
constexpr int16_t kValue = kMemory - 8;
constexpr int16_t kPointer = kValue - 8;
constexpr int16_t kAddress = kPointer - 8;
constexpr int16_t kHeaderEnd = kAddress - 8;
constexpr uint32_t kHeaderMax = 256;

// A VLAN tag follows the two Ethernet addresses. The kernel takes off those of 802.1Q and 802.1ad
// (skb_vlan_untag() of net/core/skbuff.c), if an EtherType follows.
constexpr uint32_t kTagBegin = 12;
constexpr uint32_t kTagEnd = 16;
constexpr uint32_t kTagBytes = kTagEnd - kTagBegin;
constexpr uint32_t kTaggedMin = kTagEnd + 2;

// The largest offset of direct packet access. It is less than MAX_PACKET_OFF of
// kernel/bpf/verifier.c.
constexpr int32_t kDirectMax = 0x7fff;

// sll_pkttype(7) of include/uapi/linux/if_packet.h
constexpr uint32_t kPacketHost = 0;
constexpr uint32_t kPacketOutgoing = 4;

}  // namespace

// Makes the header as large as the loads from fixed offsets need, and places it so that most of
// them are aligned, as the verifier requires on the stack.
void PacketLoads::lay_out_header(const ClassicProgram& program, const std::vector<bool>& reachable,
                                 VlanTag tag) {
    tag_ = tag;
    header_size_ = 0;
    bool indirect = false;
    int odd_words = 0;  // words that would be aligned with the header at 4n + 2
    for (size_t at = 0; at < program.size(); at++) {
        const sock_filter& insn = program[at];
        if (!reachable[at]) {
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
    if (has_gap() && indirect) {  // see across_gap()
        header_size_ = std::max(header_size_, kTagEnd);
    }
    header_begin_ =
        kHeaderEnd - static_cast<int>((header_size_ + 7) / 8 * 8) + (odd_words > 0 ? 2 : 0);
}

// Keeps the packet's address as a number if the packet is read by its address. With a pointer, the
// verifier would follow every value that an offset can have.
void PacketLoads::begin() {
    if (target_.context != FilterContext::kXdpLinear) {
        return;
    }
    out_->load(BPF_W, BPF_REG_1, kContext, offsetof(xdp_md, data));
    out_->store(BPF_DW, kFrame, kPointer, BPF_REG_1);
    out_->alu64_register(BPF_MOV, BPF_REG_1, kFrame);
    out_->alu64(BPF_ADD, BPF_REG_1, kAddress);
    out_->alu64(BPF_MOV, BPF_REG_2, sizeof(uint64_t));
    out_->alu64_register(BPF_MOV, BPF_REG_3, kFrame);
    out_->alu64(BPF_ADD, BPF_REG_3, kPointer);
    out_->call(BPF_FUNC_probe_read_kernel);
    out_->jump_if(BPF_JNE, BPF_REG_0, 0, no_match_);
}

void PacketLoads::jump_if_tagged(BpfAssembler::Label to) {
    if (may_have_tag_beside()) {
        out_->load(BPF_W, BPF_REG_1, kContext, offsetof(__sk_buff, vlan_present));
        out_->jump_if(BPF_JNE, BPF_REG_1, 0, to);
        return;
    }
    const auto plain = out_->make_label();
    packet_length();
    out_->jump_if64(BPF_JLT, BPF_REG_0, kTaggedMin, plain);
    out_->alu64(BPF_MOV, BPF_REG_2, kTagBegin);
    out_->alu64(BPF_MOV, BPF_REG_4, 2);
    call_load_bytes(kValue);
    out_->jump_if(BPF_JNE, BPF_REG_0, 0, plain);
    from_memory(kFrame, kValue, 2, BPF_REG_1);
    out_->jump_if(BPF_JEQ, BPF_REG_1, ETH_P_8021Q, to);
    out_->jump_if(BPF_JEQ, BPF_REG_1, ETH_P_8021AD, to);
    out_->bind(plain);
}

void PacketLoads::begin_direct(BpfAssembler::Label otherwise) {
    direct_ = true;
    out_->load(BPF_W, kPacket, kContext,
               is_xdp() ? offsetof(xdp_md, data) : offsetof(__sk_buff, data));
    load_packet_end(BPF_REG_2);
    out_->alu64_register(BPF_MOV, BPF_REG_1, kPacket);
    out_->alu64(BPF_ADD, BPF_REG_1, static_cast<int32_t>(header_size_));
    out_->jump_if64_register(BPF_JGT, BPF_REG_1, BPF_REG_2, otherwise);
}

void PacketLoads::load_packet_end(uint8_t to) {
    out_->load(BPF_W, to, kContext,
               is_xdp() ? offsetof(xdp_md, data_end) : offsetof(__sk_buff, data_end));
}

// The verifier requires stack bytes to be written before they are read, whatever the packet's
// length.
void PacketLoads::begin_copy() {
    direct_ = false;
    if (!has_header()) {
        return;
    }
    const int begin = header_begin_ & ~7;
    for (int at = begin; at < kHeaderEnd + 8 && at < header_begin_ + static_cast<int>(header_size_);
         at += 8) {
        out_->store_value(BPF_DW, kFrame, static_cast<int16_t>(at), 0);
    }
    packet_length();
    out_->alu64_register(BPF_MOV, kHeaderLength, BPF_REG_0);
    if (has_gap()) {
        out_->alu64(BPF_SUB, kHeaderLength, kTagBytes);
    }
    copy_header();
    const auto size = static_cast<int32_t>(header_size_);
    const auto done = out_->make_label();
    out_->jump_if64(BPF_JLE, kHeaderLength, size, done);
    out_->alu64(BPF_MOV, kHeaderLength, size);
    out_->bind(done);
}

// Copies the header without the tag.
void PacketLoads::copy_header() {
    if (!has_gap() || header_size_ <= kTagBegin) {
        copy_bytes(0, 0);
        return;
    }
    out_->alu64(BPF_MOV, BPF_REG_2, 0);
    out_->alu64(BPF_MOV, BPF_REG_4, kTagBegin);
    call_load_bytes(header(0));
    out_->jump_if(BPF_JNE, BPF_REG_0, 0, no_match_);
    copy_bytes(kTagEnd, kTagBegin);
}

// Copies what the packet has of the header's bytes behind `to` to their place, from offset `from`
// of the packet on.
void PacketLoads::copy_bytes(uint32_t from, uint32_t to) {
    const auto rest = static_cast<int32_t>(header_size_ - to);
    const auto none = out_->make_label();
    const auto cut = out_->make_label();
    out_->alu64_register(BPF_MOV, BPF_REG_4, kHeaderLength);
    if (to > 0) {
        out_->alu64(BPF_SUB, BPF_REG_4, static_cast<int32_t>(to));
    }
    out_->jump_if64(BPF_JSLT, BPF_REG_4, 1, none);
    out_->jump_if64(BPF_JLE, BPF_REG_4, rest, cut);
    out_->alu64(BPF_MOV, BPF_REG_4, rest);
    out_->bind(cut);
    out_->alu64(BPF_MOV, BPF_REG_2, static_cast<int32_t>(from));
    call_load_bytes(header(to));
    out_->jump_if(BPF_JNE, BPF_REG_0, 0, no_match_);
    out_->bind(none);
}

// Loads the number of the packet's bytes into r0, a tag among them included.
void PacketLoads::packet_length() {
    switch (target_.context) {
        case FilterContext::kTc:
        case FilterContext::kCgroup:
            out_->load(BPF_W, BPF_REG_0, kContext, offsetof(__sk_buff, len));
            break;
        case FilterContext::kXdp:
            out_->alu64_register(BPF_MOV, BPF_REG_1, kContext);
            out_->call(BPF_FUNC_xdp_get_buff_len);
            break;
        case FilterContext::kXdpLinear:
            out_->load(BPF_W, BPF_REG_0, kContext, offsetof(xdp_md, data_end));
            out_->load(BPF_W, BPF_REG_1, kContext, offsetof(xdp_md, data));
            out_->alu64_register(BPF_SUB, BPF_REG_0, BPF_REG_1);
            break;
    }
}

// Copies r4 bytes from offset r2 of the packet to the stack. r0 is 0 if the packet has that many
// bytes.
void PacketLoads::call_load_bytes(int16_t to) {
    if (target_.context != FilterContext::kXdpLinear) {
        out_->alu64_register(BPF_MOV, BPF_REG_1, kContext);
        out_->alu64_register(BPF_MOV, BPF_REG_3, kFrame);
        out_->alu64(BPF_ADD, BPF_REG_3, to);
        out_->call(target_.context == FilterContext::kXdp ? BPF_FUNC_xdp_load_bytes
                                                          : BPF_FUNC_skb_load_bytes);
        return;
    }
    const auto done = out_->make_label();
    packet_length();
    out_->alu64_register(BPF_SUB, BPF_REG_0, BPF_REG_4);
    out_->alu64_register(BPF_SUB, BPF_REG_0, BPF_REG_2);
    out_->jump_if64(BPF_JSLT, BPF_REG_0, 0, done);
    out_->load(BPF_DW, BPF_REG_3, kFrame, kAddress);
    out_->alu64_register(BPF_ADD, BPF_REG_3, BPF_REG_2);
    out_->alu64_register(BPF_MOV, BPF_REG_2, BPF_REG_4);
    out_->alu64_register(BPF_MOV, BPF_REG_1, kFrame);
    out_->alu64(BPF_ADD, BPF_REG_1, to);
    out_->call(BPF_FUNC_probe_read_kernel);
    out_->bind(done);
}

void PacketLoads::length(uint8_t to) {
    packet_length();
    out_->alu_register(BPF_MOV, to, BPF_REG_0);
    if (has_gap()) {
        out_->alu(BPF_SUB, to, kTagBytes);
    }
}

// Loads from the bytes without the tag.
void PacketLoads::absolute(uint32_t offset, uint32_t width, uint8_t to) {
    if (direct_ && offset + width <= header_size_) {
        from_memory(kPacket, static_cast<int16_t>(offset), width, to);
        return;
    }
    if (offset + width <= header_size_) {
        out_->jump_if(BPF_JLT, kHeaderLength, offset + width, no_match_);
        from_header(offset, width, to);
        return;
    }
    // Behind the header, and so behind the tag.
    const uint32_t at = offset + (has_gap() ? kTagBytes : 0);
    out_->alu64(BPF_MOV, BPF_REG_2, static_cast<int32_t>(at));
    by_helper(width, to);
}

void PacketLoads::from_header(uint32_t offset, uint32_t width, uint8_t to) {
    if ((header_begin_ + static_cast<int>(offset)) % static_cast<int>(width) == 0) {
        from_memory(kFrame, header(offset), width, to);
        return;
    }
    out_->load(BPF_B, to, kFrame, header(offset));
    for (uint32_t byte = 1; byte < width; byte++) {
        out_->load(BPF_B, BPF_REG_1, kFrame, header(offset + byte));
        out_->alu(BPF_LSH, to, 8);
        out_->alu_register(BPF_OR, to, BPF_REG_1);
    }
}

// Loads a value that is stored in network byte order.
void PacketLoads::from_memory(uint8_t base, int16_t offset, uint32_t width, uint8_t to) {
    const uint8_t size = width == 1 ? BPF_B : width == 2 ? BPF_H : BPF_W;
    out_->load(size, to, base, offset);
    if (width > 1) {
        out_->to_host_order(to, static_cast<int32_t>(8 * width));
    }
}

// Loads from offset r2 of the packet.
void PacketLoads::by_helper(uint32_t width, uint8_t to) {
    out_->alu64(BPF_MOV, BPF_REG_4, static_cast<int32_t>(width));
    call_load_bytes(kValue);
    out_->jump_if(BPF_JNE, BPF_REG_0, 0, no_match_);
    from_memory(kFrame, kValue, width, to);
}

// A = packet[X + offset], where the sum has more than 32 bits, so that it doesn't wrap.
void PacketLoads::indirect(uint32_t offset, uint32_t width) {
    const auto plain = out_->make_label();
    const auto done = out_->make_label();
    out_->alu64_register(BPF_MOV, BPF_REG_2, kX);
    out_->alu64(BPF_ADD, BPF_REG_2, static_cast<int32_t>(offset));
    if (tag_ == VlanTag::kNone) {
        out_->jump_if64(BPF_JGT, BPF_REG_2, static_cast<int32_t>(kOffsetMax), no_match_);
    } else {
        indirect_ancillary(done);
    }
    if (direct_) {
        out_->jump_if64(BPF_JGT, BPF_REG_2, kDirectMax, plain);
        out_->alu64_register(BPF_MOV, BPF_REG_1, kPacket);
        out_->alu64_register(BPF_ADD, BPF_REG_1, BPF_REG_2);
        out_->alu64_register(BPF_MOV, BPF_REG_3, BPF_REG_1);
        out_->alu64(BPF_ADD, BPF_REG_3, static_cast<int32_t>(width));
        load_packet_end(BPF_REG_4);
        out_->jump_if64_register(BPF_JGT, BPF_REG_3, BPF_REG_4, plain);
        from_memory(BPF_REG_1, 0, width, kA);
        out_->jump(done);
    } else if (has_gap()) {
        const auto before = out_->make_label();
        out_->jump_if64(BPF_JLT, BPF_REG_2, kTagBegin, before);
        out_->alu64(BPF_ADD, BPF_REG_2, kTagBytes);
        out_->jump(plain);
        out_->bind(before);
        across_gap(width, done);
    }
    out_->bind(plain);
    by_helper(width, kA);
    out_->bind(done);
}

// libpcap doesn't optimize programs with loops. What asks for the tag is an indirect load then,
// whose offset r2 is beyond any packet.
void PacketLoads::indirect_ancillary(BpfAssembler::Label done) {
    const auto in_packet = out_->make_label();
    const auto not_tag = out_->make_label();
    out_->jump_if64(BPF_JLE, BPF_REG_2, static_cast<int32_t>(kOffsetMax), in_packet);
    out_->jump_if(BPF_JNE, BPF_REG_2, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG), not_tag);
    vlan_tag();
    out_->jump(done);
    out_->bind(not_tag);
    out_->jump_if(BPF_JNE, BPF_REG_2, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT),
                  no_match_);
    vlan_tag_present();
    out_->jump(done);
    out_->bind(in_packet);
}

// Loads from r2, which is before the tag, what reaches over it. The header holds all these bytes,
// but an offset into the stack must be constant. A load that ends before the tag goes on behind
// this code.
void PacketLoads::across_gap(uint32_t width, BpfAssembler::Label done) {
    for (uint32_t offset = kTagBegin + 1 - width; offset < kTagBegin; offset++) {
        const auto next = out_->make_label();
        out_->jump_if(BPF_JNE, BPF_REG_2, offset, next);
        out_->jump_if(BPF_JLT, kHeaderLength, offset + width, no_match_);
        from_header(offset, width, kA);
        out_->jump(done);
        out_->bind(next);
    }
}

void PacketLoads::vlan_tag() {
    switch (tag_) {
        case VlanTag::kNone:
            out_->alu(BPF_MOV, kA, 0);
            break;
        case VlanTag::kBeside:
            out_->load(BPF_W, kA, kContext, offsetof(__sk_buff, vlan_tci));
            break;
        case VlanTag::kInBytes:
            out_->alu64(BPF_MOV, BPF_REG_2, kTagBegin + 2);
            by_helper(2, kA);
    }
}

void PacketLoads::vlan_tag_present() {
    out_->alu(BPF_MOV, kA, tag_ == VlanTag::kNone ? 0 : 1);
}

void PacketLoads::packet_type() {
    if (target_.outgoing) {
        out_->alu(BPF_MOV, kA, kPacketOutgoing);
    } else if (target_.context == FilterContext::kTc) {
        out_->load(BPF_W, kA, kContext, offsetof(__sk_buff, pkt_type));
    } else {
        out_->alu(BPF_MOV, kA, kPacketHost);
    }
}

}  // namespace capture
