// SPDX-License-Identifier: GPL-2.0-only
//
// FilterPrograms: a packet filter in the kernel, one program before each of the hooks' own. A
// packet that matches goes on to the program that captures it, any other to the one that only
// learns from it. Owns the programs and the maps that lead on: once these are closed nothing goes
// on any more, even while a program is still attached.
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

// How a program for a hook is to be written.
struct FilterSetting {
    bool xdp_helpers = true;        // the kernel has bpf_xdp_load_bytes()
    bool loopback_outgoing = true;  // what packets on lo are said to be
    bool direct = true;             // see FilterTarget
};

packet::LinkType link_type(HookProgram program);

// What the filter becomes before the hook's own program, with the map `exits_fd` to lead on.
Result<std::vector<bpf_insn>> translate_for(HookProgram program, const packet::PacketFilter& filter,
                                            const FilterSetting& setting, int exits_fd);

class FilterPrograms {
  public:
    // Programs of the hook for packets that match and for others, loaded; -1: go no further.
    struct Exits {
        int match = -1;
        int no_match = -1;
    };

    // Loads the filter for one program. That it makes no sense for the hook's packets is no error
    // yet, see program_fd().
    Result<void> add(HookProgram program, const packet::PacketFilter& filter,
                     const FilterSetting& setting, const Exits& exits);

    // What to attach instead of the hook's own program. An error if there is nothing: libpcap's
    // reason.
    Result<int> program_fd(HookProgram program) const;

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
