// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/wireshark/powers.h"

#include <sys/prctl.h>

#include <cerrno>

#include "cmd/capabilities.h"

namespace extcap {
namespace {

// `made`: whether they could be made as they are to be.
pcapng::Result<void> become(const cmd::Capabilities& powers, bool made) {
    if (!made || cap_set_proc(powers.get()) != 0) {
        return pcapng::errno_error("set this process's capabilities", errno);
    }
    return {};
}

}  // namespace

pcapng::Result<void> lay_down_powers() {
    const cmd::Capabilities powers(cap_get_proc());
    return become(powers, powers != nullptr && cap_clear_flag(powers.get(), CAP_EFFECTIVE) == 0);
}

pcapng::Result<void> give_up_powers() {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return pcapng::errno_error("give up new privileges", errno);
    }
    const cmd::Capabilities none(cap_init());
    return become(none, none != nullptr);
}

pcapng::Result<void> take_up_powers() {
    const cmd::Capabilities powers(cap_get_proc());
    return become(powers,
                  powers != nullptr && cap_fill(powers.get(), CAP_EFFECTIVE, CAP_PERMITTED) == 0);
}

}  // namespace extcap
