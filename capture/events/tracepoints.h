// SPDX-License-Identifier: GPL-2.0-only
//
// Tracepoints as events of a capture: found by name, described by tracefs, written by a
// TracepointProbe each. Also what `pidcap events` lists. One thread.
#pragma once

#include <string>
#include <vector>

#include "capture/events/event_choice.h"
#include "capture/events/event_set.h"
#include "capture/events/tracepoint_format.h"
#include "capture/kernel/cpu_data.h"
#include "capture/kernel/kernel_types.h"
#include "capture/kernel/shared_parts.h"
#include "capture/kernel/tracefs.h"

namespace capture {

// Reads formats of tracepoints, with the names that the kernel's types give.
class TracepointCatalogue {
  public:
    // `btf_file`: see KernelTypes.
    static Result<TracepointCatalogue> open(const std::string& btf_file);

    // See Tracefs::matching().
    Result<std::vector<TracepointName>> matching(const std::string& glob) const {
        return tracefs_.matching(glob);
    }
    // An error names the tracepoint.
    Result<TracepointFormat> format(const TracepointName& name) const;
    pidcap_cpu_data cpu_data() const { return cpu_data_of(types_); }

  private:
    TracepointCatalogue(Tracefs tracefs, const std::string& btf_file)
        : tracefs_(std::move(tracefs)), types_(btf_file) {}

    Tracefs tracefs_;
    KernelTypes types_;
};

// Adds the tracepoints that a choice names, and loads their programs. Returns an error if none has
// its name. Of those that a glob finds, one that is among the events already is passed over, and so
// is one without the fields of the condition.
Result<void> add_tracepoints(const EventChoice& choice, const TracepointCatalogue& catalogue,
                             const SharedParts& parts, EventSet& events);

}  // namespace capture
