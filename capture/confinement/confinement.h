// SPDX-License-Identifier: GPL-2.0-only
//
// What a process gives up for good once it has what it needs: its user, capabilities, new
// privileges and system calls. It holds for the calling process, which must have one thread still;
// threads and children that come later inherit it.
#pragma once

#include <sys/capability.h>
#include <sys/types.h>

#include <memory>
#include <optional>
#include <vector>

#include "capture/confinement/system_calls.h"
#include "pcapng/result.h"

namespace capture {

struct UserIds {
    uid_t uid = 0;
    gid_t gid = 0;
};

struct Confinement {
    std::optional<UserIds> user;        // none: stays who it is
    std::vector<cap_value_t> kept;      // as far as they are permitted; all others go
    std::optional<SystemCalls> denied;  // none: every system call stays
};

// Becomes the user, without supplementary groups; drops all capabilities but the kept ones, also
// from the bounding set if it may; sets no_new_privs; loads the filter of system calls. A kernel
// without such filters goes without. After an error the process is to end.
pcapng::Result<void> confine(const Confinement& confinement);

// Returns true if this process may become another user.
bool can_change_user();

// Returns true if this process may have the capability in effect.
bool is_permitted(cap_value_t capability);

struct FreeCapabilities {
    void operator()(_cap_struct* capabilities) const { cap_free(capabilities); }
};

// While one exists, this thread has no capability in effect.
class WithoutCapabilities {
  public:
    WithoutCapabilities();
    WithoutCapabilities(const WithoutCapabilities&) = delete;
    WithoutCapabilities& operator=(const WithoutCapabilities&) = delete;
    ~WithoutCapabilities();

    // False: they couldn't be laid down.
    bool valid() const { return valid_; }

  private:
    std::unique_ptr<_cap_struct, FreeCapabilities> before_;
    bool valid_ = false;
};

}  // namespace capture
