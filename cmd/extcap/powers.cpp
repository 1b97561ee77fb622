// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/extcap/powers.h"

#include <sys/prctl.h>

#include <cerrno>

#include "cmd/capabilities.h"

namespace extcap {
namespace {

pcapng::Result<void> become(const cmd::Capabilities& powers) {
    if (powers == nullptr || cap_set_proc(powers.get()) != 0) {
        return pcapng::errno_error("set this process's capabilities", errno);
    }
    return {};
}

}  // namespace

pcapng::Result<void> lay_down_powers() {
    const cmd::Capabilities powers(cap_get_proc());
    if (powers != nullptr) {
        cap_clear_flag(powers.get(), CAP_EFFECTIVE);
    }
    return become(powers);
}

pcapng::Result<void> give_up_powers() {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return pcapng::errno_error("give up new privileges", errno);
    }
    return become(cmd::Capabilities(cap_init()));
}

pcapng::Result<void> take_up_powers() {
    const cmd::Capabilities powers(cap_get_proc());
    if (powers != nullptr) {
        cap_fill(powers.get(), CAP_EFFECTIVE, CAP_PERMITTED);
    }
    return become(powers);
}

}  // namespace extcap
