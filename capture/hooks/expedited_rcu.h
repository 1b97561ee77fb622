// SPDX-License-Identifier: GPL-2.0-only
//
// ExpeditedRcu: while one exists, the kernel expedites its RCU grace periods.
//
// The kernel waits for a grace period with each tcx program that it attaches or detaches
// (tcx_entry_sync() in include/net/tcx.h) and holds the rtnl lock meanwhile, so threads don't help.
// A normal grace period takes three to four timer ticks, an expedited one less than a millisecond.
// The setting is machine-wide: a child process, which lives as long as this object, restores it
// when this process ends, however it ends. One thread.
#pragma once

#include <sys/types.h>

#include <string>

#include "pcapng/fd.h"

namespace capture {

// The kernel's files, opened while that is allowed. `folder` has both.
struct RcuSettings {
    RcuSettings(const std::string& folder = "/sys/kernel");

    pcapng::Fd expedited;
    pcapng::Fd normal;
};

class ExpeditedRcu {
  public:
    // Does nothing if grace periods are expedited already, if the administrator forbids it
    // (rcu_normal), or if the setting can't be written.
    explicit ExpeditedRcu(const RcuSettings& settings);
    ExpeditedRcu(const ExpeditedRcu&) = delete;
    ExpeditedRcu& operator=(const ExpeditedRcu&) = delete;
    // Returns after the setting has been restored.
    ~ExpeditedRcu();

  private:
    pcapng::Fd alive_;  // the child restores the setting once this is closed
    pid_t restorer_ = -1;
};

}  // namespace capture
