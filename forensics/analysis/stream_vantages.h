// SPDX-License-Identifier: GPL-2.0-only
//
// StreamVantages: where the segments of one TCP connection are seen, and how far at each vantage.
// It recognises data that was counted at another vantage, also where segments were cut or joined in
// between (GSO, GRO), which makes other packets of them. Only between vantages of which whole
// packets were seen at both (see Crossings): those of which each carries a part of the connection
// (bonding, several routes) stay apart. Fixed size; plain data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace forensics {

class StreamVantages {
  public:
    enum class Sight : uint8_t {
        kFirst,   // it counts
        kPartly,  // so does this; some of it was counted, but none was sent again
        kAgain,   // all of it was counted
    };
    // Ends of packets, as bits.
    static constexpr uint8_t kSender = 1;
    static constexpr uint8_t kReceiver = 2;
    static constexpr uint8_t kEither = 4;

    // Packets at this vantage are seen at another one, too.
    void crosses(uint32_t vantage);
    // A segment with data, from `sequence` to before `end`. `counted`: the number that follows all
    // that was counted of this side; 0: nothing was.
    Sight segment(uint32_t vantage, int side, uint32_t sequence, uint32_t end, uint32_t counted);

    // What packets of a side name at a vantage, and at the others.
    void name(uint32_t vantage, int side, uint8_t ends);
    uint8_t named_elsewhere(uint32_t vantage, int side) const;

  private:
    static constexpr size_t kMost = 4;
    struct At {
        uint32_t vantage = 0;
        std::array<uint32_t, 2> next{};  // by side: follows what was seen of it; 0: nothing was
        std::array<uint8_t, 2> named{};
        bool crosses = false;
        bool used = false;
    };

    At* at(uint32_t vantage);  // null: there are more than kMost

    std::array<At, kMost> all_{};
};

}  // namespace forensics
