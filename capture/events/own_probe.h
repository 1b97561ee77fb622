// SPDX-License-Identifier: GPL-2.0-only
//
// OwnProbe: the kernel's programs for one of the own events, or for those of sockets
// (bpf/socket_event.bpf.c, drop_event.bpf.c, xdp_event.bpf.c). Only the programs that the event
// needs are loaded and attached. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bpf/own_event.h"
#include "capture/events/event_set.h"
#include "capture/events/xdp_programs.h"
#include "capture/kernel/kernel_symbols.h"
#include "capture/kernel/kernel_types.h"
#include "capture/kernel/shared_parts.h"
#include "capture/kernel/tracing.h"

struct pidcap_own_bpf;  // the skeleton, see pidcap_own.skel.h

namespace capture {

class OwnProbe : public EventWriter {
  public:
    // Load the programs that write the events with these numbers, without attaching. An error names
    // what is missing.
    static Result<std::unique_ptr<OwnProbe>> of_sockets(const SharedParts& parts,
                                                        const pidcap_own_events& numbers);
    // `symbols`: of the running kernel.
    static Result<std::unique_ptr<OwnProbe>> of_drops(const SharedParts& parts,
                                                      const pidcap_own_events& numbers,
                                                      const KernelTypes& kernel,
                                                      const KernelSymbols& symbols, bool all);
    static Result<std::unique_ptr<OwnProbe>> of_xdp(const SharedParts& parts,
                                                    const pidcap_own_events& numbers,
                                                    const KernelTypes& kernel);
    // All verdicts of one XDP program, but those that of_xdp() has anyway.
    static Result<std::unique_ptr<OwnProbe>> of_verdicts(const SharedParts& parts,
                                                         const pidcap_own_events& numbers,
                                                         const XdpProgram& traced);

    ~OwnProbe() override;

    Result<void> attach() override;
    uint64_t missed() const override;

  private:
    struct CloseSkeleton {
        void operator()(pidcap_own_bpf* skeleton) const;
    };
    using Skeleton = std::unique_ptr<pidcap_own_bpf, CloseSkeleton>;
    struct Attachment {
        bpf_program* program;
        const char* tracepoint;  // raw; null: the program names what it is attached to
    };

    explicit OwnProbe(Skeleton skeleton) : skeleton_(std::move(skeleton)) {}
    // Opens the object, of which nothing will be loaded but what add() names.
    static Result<std::unique_ptr<OwnProbe>> open(const SharedParts& parts,
                                                  const pidcap_own_events& numbers);
    void add(bpf_program* program, const char* tracepoint);
    Result<void> load(const SharedParts& parts);

    Skeleton skeleton_;
    std::vector<Attachment> attachments_;
    std::vector<Link> links_;
};

}  // namespace capture
