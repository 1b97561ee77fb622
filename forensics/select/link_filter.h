// SPDX-License-Identifier: GPL-2.0-only
//
// LinkFilter: an expression of pcap-filter(7) on the packets of a file, by libpcap, compiled for
// each link type that the file has. Movable. One thread.
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
    // An error if it is no expression for whatever packets, with the place where libpcap knows it.
    static pcapng::Result<LinkFilter> make(const std::string& expression);

    // An error if the expression makes no sense for this link type (LINKTYPE_).
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
