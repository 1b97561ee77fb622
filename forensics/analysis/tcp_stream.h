// SPDX-License-Identifier: GPL-2.0-only
//
// TcpStream: follows the sequence numbers of one TCP connection to find retransmissions and the end
// of the handshake. It uses the rules of Wireshark 4.0's "TCP Analysis", so both classify segments
// alike. Differences:
// - A RST or FIN doesn't end the handshake, and only the first ACK does, at the SYN's time, too.
// - Segments in IP fragments aren't looked at; tshark reassembles them.
// - Wireshark after 4.0 calls some segments that close a gap out of order, which are
//   retransmissions to 4.0 and here.
//
// Fixed size, one per TCP conversation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "forensics/analysis/flow.h"
#include "packet/dissect/dissect.h"

namespace forensics {

class TcpStream {
  public:
    // Returns whether the segment is a SYN of another connection of the same ends: one with another
    // initial sequence number.
    bool begins_another(const packet::TcpHeader& header, int side) const;

    // The sequence number that follows what `side` has sent; 0: nothing was seen of it.
    uint32_t next(int side) const { return directions_[static_cast<size_t>(side)].next; }

    // A segment from `side`; updates the flow's state, handshake, handshake_rtt_ns, and
    // retransmissions.
    void add(const packet::TcpHeader& header, uint32_t length, uint64_t time_ns, int side,
             Flow& flow);

  private:
    // What one side has sent.
    struct Direction {
        uint32_t base = 0;  // the initial sequence number, or a guess
        uint32_t next = 0;  // the highest that follows a segment; 0: none was seen
        uint32_t max_to_be_acked = 0;
        uint32_t last_ack = 0;
        uint32_t window = UINT32_MAX;
        int32_t duplicate_acks = 0;
        bool has_base = false;
        bool keep_alive = false;  // its last segment was one
        bool fin = false;
        uint64_t next_time_ns = 0;
        uint64_t last_time_ns = 0;
    };
    struct Marks {
        bool zero_window_probe = false;
        bool keep_alive = false;
    };

    void set_bases(const packet::TcpHeader& header, Direction& sender, Direction& receiver) const;
    static Marks look(const packet::TcpHeader& header, uint32_t length, Direction& sender,
                      const Direction& receiver);
    bool is_retransmission(const packet::TcpHeader& header, uint32_t length, uint64_t time_ns,
                           const Direction& sender, const Direction& receiver) const;
    bool is_out_of_order(const packet::TcpHeader& header, uint32_t length, uint64_t time_ns,
                         const Direction& sender) const;
    bool analyze(const packet::TcpHeader& header, uint32_t length, uint64_t time_ns,
                 Direction& sender, Direction& receiver);
    void measure_rtt(const packet::TcpHeader& header, uint64_t time_ns, Flow& flow);
    void update_state(const packet::TcpHeader& header, uint32_t length, int side, Flow& flow);
    static void follow_handshake(const packet::TcpHeader& header, uint32_t length, int side,
                                 Flow& flow);

    std::array<Direction, 2> directions_;
    uint64_t syn_time_ns_ = 0;  // 0: none was seen
    // As Wireshark measures it for its limits, also up to a RST or FIN. 0: not known.
    uint64_t rtt_ns_ = 0;
    bool handshake_over_ = false;  // an ACK, RST or FIN followed the last SYN
};

}  // namespace forensics
