// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/extcap/powers.h"

#include <sys/prctl.h>

#include <cerrno>

#include "cmd/capabilities.h"

namespace extcap {
namespace {

// Makes the effective ones all that are permitted, or none.
pcapng::Result<void> set_effective(bool all) {
    const cmd::Capabilities powers(cap_get_proc());
    bool set = powers != nullptr && cap_clear_flag(powers.get(), CAP_EFFECTIVE) == 0;
    for (cap_value_t power = 0; set && all && power <= cap_max_bits(); power++) {
        cap_flag_value_t permitted = CAP_CLEAR;
        if (cap_get_flag(powers.get(), power, CAP_PERMITTED, &permitted) == 0 &&
            permitted == CAP_SET) {
            set = cap_set_flag(powers.get(), CAP_EFFECTIVE, 1, &power, CAP_SET) == 0;
        }
    }
    if (!set || cap_set_proc(powers.get()) != 0) {
        return pcapng::errno_error("set this process's capabilities", errno);
    }
    return {};
}

}  // namespace

pcapng::Result<void> lay_down_powers() {
    return set_effective(false);
}

pcapng::Result<void> give_up_powers() {
    const cmd::Capabilities none(cap_init());
    if (none == nullptr || cap_set_proc(none.get()) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return pcapng::errno_error("give up this process's capabilities", errno);
    }
    return {};
}

pcapng::Result<void> take_up_powers() {
    return set_effective(true);
}

}  // namespace extcap
