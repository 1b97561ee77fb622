// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/drop_privileges.h"

#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>

#include "cmd/capabilities.h"

namespace cmd {
namespace {

bool is_permitted(const Capabilities& now, cap_value_t capability) {
    cap_flag_value_t value = CAP_CLEAR;
    return cap_get_flag(now.get(), capability, CAP_PERMITTED, &value) == 0 && value == CAP_SET;
}

}  // namespace

pcapng::Result<void> drop_privileges(bool enters_namespaces) {
    Capabilities now(cap_get_proc());
    Capabilities kept(cap_init());
    if (now == nullptr || kept == nullptr) {
        return pcapng::errno_error("read this process's capabilities", errno);
    }
    if (is_permitted(now, CAP_SETPCAP)) {
        for (cap_value_t capability = 0; capability <= cap_max_bits(); capability++) {
            bool needed = std::find(kCaptureCapabilities.begin(), kCaptureCapabilities.end(),
                                    capability) != kCaptureCapabilities.end();
            if (!needed && cap_get_bound(capability) == CAP_SET) {
                cap_drop_bound(capability);
            }
        }
    }
    for (cap_value_t capability : kCaptureCapabilities) {
        if (is_permitted(now, capability)) {
            cap_set_flag(kept.get(), CAP_PERMITTED, 1, &capability, CAP_SET);
            cap_set_flag(kept.get(), CAP_EFFECTIVE, 1, &capability, CAP_SET);
        }
    }
    // It also stands in for CAP_BPF where that wasn't granted.
    cap_value_t admin = CAP_SYS_ADMIN;
    if ((enters_namespaces || !is_permitted(now, CAP_BPF)) && is_permitted(now, admin)) {
        cap_set_flag(kept.get(), CAP_PERMITTED, 1, &admin, CAP_SET);
        cap_set_flag(kept.get(), CAP_EFFECTIVE, 1, &admin, CAP_SET);
    }
    if (cap_set_proc(kept.get()) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return pcapng::errno_error("drop privileges", errno);
    }
    return {};
}

}  // namespace cmd
