// SPDX-License-Identifier: GPL-2.0-only
//
// PacketLoads: emits the instructions by which a filter reads its packet, as the packet will be in
// the file. There are two paths. The direct path is for packets whose first bytes are linear and
// that have no VLAN tag beside them: it reads these bytes in place. The copy path first copies them
// to the stack, tag included. Both paths read bytes further behind by a helper.
//
// The assembler belongs to the caller and must outlive this object. The registers that both use are
// named here.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/filter/bpf_assembler.h"
#include "capture/filter/classic_bpf.h"
#include "capture/filter/filter_translation.h"

namespace capture {

// Registers that keep their meaning in the whole program. Helpers preserve registers 6 to 9; 0 to 5
// are scratch registers.
constexpr uint8_t kContext = 6;
constexpr uint8_t kA = 7;  // the accumulator and the index register, 32 bits wide
constexpr uint8_t kX = 8;
constexpr uint8_t kHeaderLength = 9;  // copy path: how many of the header's bytes the packet has
constexpr uint8_t kPacket = 9;        // direct path, same register: the packet's address
constexpr uint8_t kFrame = BPF_REG_10;

// The stack, from the top down: the filter's own memory, then what belongs to PacketLoads.
constexpr int16_t kMemory = -4 * BPF_MEMWORDS;

// The largest offset that a load may have. It is beyond any packet, and helpers accept it.
constexpr uint32_t kOffsetMax = 0x7fff'0000;

class PacketLoads {
  public:
    // The program jumps to `no_match` if the packet is too short for a load.
    PacketLoads(BpfAssembler& out, const FilterTarget& target, BpfAssembler::Label no_match)
        : out_(&out), target_(target), no_match_(no_match) {}

    // Decides how much of the packet is the header, from the loads that can be reached. Call it
    // first.
    void lay_out_header(const ClassicProgram& program, const std::vector<bool>& reachable);
    bool has_header() const { return header_size_ > 0; }

    // Emits the start of the program.
    void begin();
    // Begins the direct path. The program jumps to `otherwise` if the packet can't take it.
    void begin_direct(BpfAssembler::Label otherwise);
    // Begins the copy path.
    void begin_copy();

    // Each emits a load of a value into `to`, in the machine's byte order.
    void absolute(uint32_t offset, uint32_t width, uint8_t to);
    void indirect(uint32_t offset, uint32_t width);  // at X + offset, into A
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
    void jump_if_untagged(BpfAssembler::Label to);  // the kernel keeps no tag beside the packet

    BpfAssembler* out_;
    FilterTarget target_;
    BpfAssembler::Label no_match_;
    bool direct_ = false;
    uint32_t header_size_ = 0;
    int header_begin_ = 0;
};

}  // namespace capture
