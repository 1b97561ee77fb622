// SPDX-License-Identifier: GPL-2.0-only
//
// PacketLoads: writes the instructions by which a filter reads its packet, as the packet will stand
// in the file. There are two ways. On the direct one the packet's first bytes lie in one piece, and
// there is no VLAN tag beside them: they are read where they are. On the other one they are copied
// to the stack first, tag included. What lies further behind is read by a helper on both.
//
// Works on an assembler that somebody else owns; the registers that it uses are named here.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/filter/bpf_assembler.h"
#include "capture/filter/classic_bpf.h"
#include "capture/filter/filter_translation.h"

namespace capture {

// Registers that hold something for the whole program. Helpers leave 6 to 9 as they are; 0 to 5 are
// anybody's.
constexpr uint8_t kContext = 6;
constexpr uint8_t kA = 7;  // the accumulator and the index register, 32 bits wide
constexpr uint8_t kX = 8;
constexpr uint8_t kHeaderLength = 9;  // how many of the header's bytes the packet has
constexpr uint8_t kPacket = 9;        // in its place, on the direct way: the packet itself
constexpr uint8_t kFrame = BPF_REG_10;

// The stack, from the top down: the filter's own memory, then what belongs to PacketLoads.
constexpr int16_t kMemory = -4 * BPF_MEMWORDS;

// The last offset that a load may have: beyond any packet, and what helpers take.
constexpr uint32_t kOffsetMax = 0x7fff'0000;

class PacketLoads {
  public:
    // `no_match`: where the program goes when the packet is too short for a load.
    PacketLoads(BpfAssembler& out, const FilterTarget& target, BpfAssembler::Label no_match)
        : out_(&out), target_(target), no_match_(no_match) {}

    // How much of the packet is the header, by the loads that can be reached. Call it first.
    void lay_out_header(const ClassicProgram& program, const std::vector<bool>& reachable);
    bool has_header() const { return header_size_ > 0; }

    // At the program's begin.
    void begin();
    // Begins the direct way; the program goes to `otherwise` if that can't be taken.
    void begin_direct(BpfAssembler::Label otherwise);
    // Begins the other way.
    void begin_copy();

    // Each goes on with the value in `to`, in the machine's byte order.
    void absolute(uint32_t offset, uint32_t width, uint8_t to);
    void indirect(uint32_t offset, uint32_t width);  // behind X, into A
    void length(uint8_t to);
    void packet_type();  // into A

  private:
    bool is_xdp() const {
        return target_.context == FilterContext::kXdp ||
               target_.context == FilterContext::kXdpLinear;
    }
    bool may_have_tag() const { return target_.context == FilterContext::kTc && target_.ethernet; }
    int16_t header(uint32_t offset) const {
        return static_cast<int16_t>(header_begin_ + static_cast<int>(offset));
    }

    void copy_tagged_header(BpfAssembler::Label plain, BpfAssembler::Label ready);
    void from_header(uint32_t offset, uint32_t width, uint8_t to);
    void from_memory(uint8_t base, int16_t offset, uint32_t width, uint8_t to);
    void by_helper(uint32_t width, uint8_t to);
    void across_tag(uint32_t width, BpfAssembler::Label done);
    void call_load_bytes(int16_t to);
    void packet_length();
    void load_packet_end(uint8_t to);
    void jump_if_untagged(BpfAssembler::Label to);  // no tag is kept beside the packet

    BpfAssembler* out_;
    FilterTarget target_;
    BpfAssembler::Label no_match_;
    bool direct_ = false;
    uint32_t header_size_ = 0;
    int header_begin_ = 0;
};

}  // namespace capture
