// SPDX-License-Identifier: GPL-2.0-only
//
// PacketLoads: emits the instructions by which a filter reads its packet, as the packet is without
// its outer VLAN tag. There are two paths. The direct path is for packets whose first bytes are
// linear: it reads these bytes in place. The copy path first copies them to the stack, and leaves
// out a tag that is in the bytes. Both paths read bytes further behind by a helper.
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

// Where the outer VLAN tag of the packets at hand is: beside the bytes at traffic control, because
// the kernel has taken it off; in the bytes at XDP, behind which it will.
enum class VlanTag { kNone, kBeside, kInBytes };

class PacketLoads {
  public:
    // The program jumps to `no_match` if the packet is too short for a load.
    PacketLoads(BpfAssembler& out, const FilterTarget& target, BpfAssembler::Label no_match)
        : out_(&out), target_(target), no_match_(no_match) {}

    bool may_have_tag_beside() const {
        return target_.context == FilterContext::kTc && target_.ethernet;
    }
    bool may_have_tag_in_bytes() const { return is_xdp() && target_.ethernet; }

    // Emits the start of the program. Call it first.
    void begin();
    // The program goes on at `to` with a packet that has a tag.
    void jump_if_tagged(BpfAssembler::Label to);

    // Decides how much of the packet is the header, from the loads that can be reached. What is
    // emitted from here on is for packets with such a tag. Call it before the paths.
    void lay_out_header(const ClassicProgram& program, const std::vector<bool>& reachable,
                        VlanTag tag);
    bool has_header() const { return header_size_ > 0; }

    // Begins the direct path. The program jumps to `otherwise` if the packet can't take it.
    void begin_direct(BpfAssembler::Label otherwise);
    // Begins the copy path.
    void begin_copy();

    // Each emits a load of a value into `to`, in the machine's byte order.
    void absolute(uint32_t offset, uint32_t width, uint8_t to);
    void indirect(uint32_t offset, uint32_t width);  // at X + offset, into A
    void length(uint8_t to);
    void packet_type();  // into A
    void vlan_tag();     // its 16 bits into A; 0: there is none
    void vlan_tag_present();

  private:
    bool is_xdp() const {
        return target_.context == FilterContext::kXdp ||
               target_.context == FilterContext::kXdpLinear;
    }
    bool has_gap() const { return tag_ == VlanTag::kInBytes; }
    int16_t header(uint32_t offset) const {
        return static_cast<int16_t>(header_begin_ + static_cast<int>(offset));
    }

    void copy_header();
    void copy_bytes(uint32_t from, uint32_t to);
    void from_header(uint32_t offset, uint32_t width, uint8_t to);
    void from_memory(uint8_t base, int16_t offset, uint32_t width, uint8_t to);
    void by_helper(uint32_t width, uint8_t to);
    void indirect_ancillary(BpfAssembler::Label done);
    void across_gap(uint32_t width, BpfAssembler::Label done);
    void call_load_bytes(int16_t to);
    void packet_length();
    void load_packet_end(uint8_t to);

    BpfAssembler* out_;
    FilterTarget target_;
    BpfAssembler::Label no_match_;
    VlanTag tag_ = VlanTag::kNone;
    bool direct_ = false;
    uint32_t header_size_ = 0;
    int header_begin_ = 0;
};

}  // namespace capture
