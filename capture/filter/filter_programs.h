// SPDX-License-Identifier: GPL-2.0-only
//
// FilterPrograms: a packet filter in the kernel, one program in front of each of the hook's own. It
// passes a packet that matches to the capturing program, and any other to the learning program.
// Owns the filter programs and the maps for their tail calls. Once these maps are closed, the
// filter calls no program any more, even while it is still attached.
#pragma once

#include <linux/bpf.h>

#include <map>
#include <vector>

#include "capture/filter/filter_translation.h"
#include "capture/kernel/hook.h"
#include "packet/filter/packet_filter.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

using pcapng::Result;

// How to translate the filter for a hook and this kernel.
struct FilterSetting {
    bool xdp_helpers = true;        // the kernel has bpf_xdp_load_bytes()
    bool loopback_outgoing = true;  // packets on lo count as outgoing
    bool direct = true;             // see FilterTarget
};

packet::LinkType link_type(HookProgram program);

// Translates the filter for one of the hook's programs. `exits_fd` is the map for its tail calls.
// Returns an error if libpcap can't compile the expression for the hook's link type.
Result<std::vector<bpf_insn>> translate_for(HookProgram program, const packet::PacketFilter& filter,
                                            const FilterSetting& setting, int exits_fd);

class FilterPrograms {
  public:
    // Descriptors of the loaded programs for packets that match and for others; -1 for none.
    struct Exits {
        int match = -1;
        int no_match = -1;
    };

    // Loads the filter for one program. It is no error yet if the filter makes no sense for the
    // hook's packets, see program_fd().
    Result<void> add(HookProgram program, const packet::PacketFilter& filter,
                     const FilterSetting& setting, const Exits& exits);

    // Returns the program to attach instead of the hook's own, or, if there is none, an error with
    // libpcap's reason.
    Result<int> program_fd(HookProgram program) const;
    // Returns the descriptors of all that are loaded.
    std::vector<int> fds() const;

  private:
    static Result<pcapng::Fd> load(HookProgram program, const packet::PacketFilter& filter,
                                   const FilterSetting& setting, int exits_fd);

    struct Loaded {
        pcapng::Fd exits;
        pcapng::Fd program;
    };
    std::map<HookProgram, Result<Loaded>> loaded_;
};

}  // namespace capture
