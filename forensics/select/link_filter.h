// SPDX-License-Identifier: GPL-2.0-only
//
// LinkFilter: applies an expression of pcap-filter(7) to the packets of a file. libpcap compiles it
// once for each link type in the file. Movable. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pcapng/result.h"

struct bpf_program;

namespace forensics {

class LinkFilter {
  public:
    // Returns an error if the syntax is wrong, with the place if it is known.
    static pcapng::Result<LinkFilter> make(const std::string& expression);

    // Returns whether the packet matches. If the expression has no meaning for its link type
    // (LINKTYPE_), it doesn't: see problems().
    bool matches(uint16_t link_type, std::span<const uint8_t> data, uint32_t wire_length);

    // Says, for each link type that the expression has no meaning for, why, and how many packets
    // didn't match because of that.
    std::vector<std::string> problems() const;

  private:
    struct FreeProgram {
        void operator()(bpf_program* program) const;
    };
    using Program = std::unique_ptr<bpf_program, FreeProgram>;

    explicit LinkFilter(std::string expression) : expression_(std::move(expression)) {}
    pcapng::Result<Program> compile(uint16_t link_type) const;

    std::string expression_;
    struct Compiled {
        pcapng::Result<Program> program;
        uint64_t packets = 0;  // that didn't match for want of a program
    };
    std::map<uint16_t, Compiled> programs_;
};

}  // namespace forensics
