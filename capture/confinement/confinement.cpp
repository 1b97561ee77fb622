// SPDX-License-Identifier: GPL-2.0-only
#include "capture/confinement/confinement.h"

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "capture/kernel/privilege.h"

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Result;
using Capabilities = std::unique_ptr<_cap_struct, FreeCapabilities>;

bool has(const Capabilities& capabilities, cap_value_t capability, cap_flag_t flag) {
    cap_flag_value_t value = CAP_CLEAR;
    return capabilities != nullptr &&
           cap_get_flag(capabilities.get(), capability, flag, &value) == 0 && value == CAP_SET;
}

Result<void> become(const UserIds& user) {
    // Otherwise the kernel takes all capabilities away with root's id.
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setgroups(0, nullptr) != 0 ||
        setresgid(user.gid, user.gid, user.gid) != 0 ||
        setresuid(user.uid, user.uid, user.uid) != 0 || prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) {
        // In a user namespace the user may have no number (EINVAL), and setgroups(2) be denied.
        return privilege_error("become user " + std::to_string(user.uid),
                               in_user_namespace() ? EPERM : errno);
    }
    return {};
}

}  // namespace

Result<void> confine(const Confinement& confinement) {
    const Capabilities now(cap_get_proc());
    const Capabilities kept(cap_init());
    if (now == nullptr || kept == nullptr) {
        return errno_error("read this process's capabilities", errno);
    }
    if (has(now, CAP_SETPCAP, CAP_EFFECTIVE)) {
        for (cap_value_t capability = 0; capability <= cap_max_bits(); capability++) {
            if (cap_get_bound(capability) == CAP_SET) {
                cap_drop_bound(capability);
            }
        }
    }
    if (confinement.user) {
        if (auto became = become(*confinement.user); !became) {
            return became;
        }
    }
    for (const cap_value_t capability : confinement.kept) {
        if (has(now, capability, CAP_PERMITTED)) {
            cap_set_flag(kept.get(), CAP_PERMITTED, 1, &capability, CAP_SET);
            cap_set_flag(kept.get(), CAP_EFFECTIVE, 1, &capability, CAP_SET);
        }
    }
    if (cap_set_proc(kept.get()) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return errno_error("drop privileges", errno);
    }
    return confinement.denied ? deny(*confinement.denied) : Result<void>{};
}

bool can_change_user() {
    const Capabilities now(cap_get_proc());
    return has(now, CAP_SETUID, CAP_EFFECTIVE) && has(now, CAP_SETGID, CAP_EFFECTIVE);
}

bool is_permitted(cap_value_t capability) {
    return has(Capabilities(cap_get_proc()), capability, CAP_PERMITTED);
}

WithoutCapabilities::WithoutCapabilities() : before_(cap_get_proc()) {
    const Capabilities none(cap_get_proc());
    valid_ = before_ != nullptr && none != nullptr &&
             cap_clear_flag(none.get(), CAP_EFFECTIVE) == 0 && cap_set_proc(none.get()) == 0;
}

WithoutCapabilities::~WithoutCapabilities() {
    if (valid_) {
        cap_set_proc(before_.get());
    }
}

}  // namespace capture
