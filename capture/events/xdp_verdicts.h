// SPDX-License-Identifier: GPL-2.0-only
//
// XdpVerdicts: an event for each verdict of the XDP programs that are loaded when the capture
// begins, but for the capture's own. Each gets a program at its end, which takes a kernel of the
// tracing tier and the program's type information. Those that can't be traced are told as notices,
// and don't hinder the capture. One thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bpf/own_event.h"
#include "capture/events/event_set.h"
#include "capture/events/own_probe.h"
#include "capture/kernel/shared_parts.h"

namespace capture {

class XdpVerdicts : public EventWriter {
  public:
    // Loads what traces the programs, without attaching.
    static std::unique_ptr<XdpVerdicts> load(const SharedParts& parts,
                                             const pidcap_own_events& numbers);

    Result<void> attach() override;
    uint64_t missed() const override;
    std::vector<std::string> take_notices() override;

  private:
    struct Traced {
        std::string program;  // for people
        std::unique_ptr<OwnProbe> probe;
    };

    XdpVerdicts() = default;

    std::vector<Traced> traced_;
    std::map<std::string, std::string> untraced_;  // by reason: the programs, for people
    std::vector<std::string> notices_;
};

}  // namespace capture
