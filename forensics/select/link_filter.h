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

#include "pcapng/result.h"

struct bpf_program;

namespace forensics {

class LinkFilter {
  public:
    // Returns an error if the syntax is wrong, with the place if it is known.
    static pcapng::Result<LinkFilter> make(const std::string& expression);

    // Returns whether the packet matches, or an error if the expression isn't valid for this link
    // type (LINKTYPE_).
    pcapng::Result<bool> matches(uint16_t link_type, std::span<const uint8_t> data,
                                 uint32_t wire_length);

  private:
    struct FreeProgram {
        void operator()(bpf_program* program) const;
    };
    using Program = std::unique_ptr<bpf_program, FreeProgram>;

    explicit LinkFilter(std::string expression) : expression_(std::move(expression)) {}
    pcapng::Result<Program> compile(uint16_t link_type) const;

    std::string expression_;
    std::map<uint16_t, Program> programs_;
};

}  // namespace forensics
