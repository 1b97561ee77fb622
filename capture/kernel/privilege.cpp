// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/privilege.h"

#include <linux/capability.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <memory>

#include "capture/kernel/surroundings.h"

namespace capture {
namespace {

// PROC_USER_INIT_INO of include/linux/proc_ns.h: the initial user namespace has this inode number
// on every kernel.
constexpr std::string_view kInitialUserNamespace = "user:[4026531837]";

struct CapFree {
    void operator()(_cap_struct* caps) const { cap_free(caps); }
};

bool is_effective(cap_value_t capability) {
    const std::unique_ptr<_cap_struct, CapFree> caps(cap_get_proc());
    cap_flag_value_t value = CAP_CLEAR;
    return caps != nullptr && cap_get_flag(caps.get(), capability, CAP_EFFECTIVE, &value) == 0 &&
           value == CAP_SET;
}

// Returns true in lockdown mode "confidentiality", in which no program may read kernel memory,
// whatever the privileges of its loader.
bool locked_down() {
    std::ifstream file("/sys/kernel/security/lockdown");
    std::string modes;
    std::getline(file, modes);
    return modes.find("[confidentiality]") != std::string::npos;
}

}  // namespace

bool has_capability(cap_value_t capability) {
    const bool sys_admin_does = capability == CAP_BPF || capability == CAP_PERFMON;
    return is_effective(capability) || (sys_admin_does && is_effective(CAP_SYS_ADMIN));
}

std::string missing_capabilities() {
    std::string missing;
    for (const UsedCapability& capability : kUsedCapabilities) {
        if (capability.required && !has_capability(capability.value)) {
            missing += (missing.empty() ? "" : ", ") + std::string(capability.name);
        }
    }
    return missing;
}

bool in_user_namespace() {
    std::array<char, 64> link{};
    const ssize_t size = readlink("/proc/self/ns/user", link.data(), link.size());
    return size > 0 &&
           std::string_view(link.data(), static_cast<size_t>(size)) != kInitialUserNamespace;
}

Error privilege_error(std::string_view what, int code) {
    Error error = pcapng::errno_error(std::string(what), code);
    if (code != EPERM && code != EACCES) {
        return error;
    }
    const Surroundings around = Surroundings::find();
    if (const std::string missing = missing_capabilities(); !missing.empty()) {
        error.message += "; this process lacks " + missing + ": " +
                         around.with_capabilities(missing) + ", or see `pidcap doctor`";
    } else if (in_user_namespace()) {
        error.message +=
            "; its capabilities hold only inside this user namespace (a container?): " +
            around.with_host("userns") + ", or see `pidcap doctor`";
    } else if (around.in_container() && around.filters_calls) {
        error.message +=
            "; the container's filter of system calls may refuse it: " + around.without_filter() +
            ", or see `pidcap doctor`";
    } else if (locked_down()) {
        error.message +=
            "; the kernel is locked down (confidentiality): see kernel_lockdown(7) and `pidcap "
            "doctor`";
    } else {
        error.message += "; see `pidcap doctor`";
    }
    return error;
}

}  // namespace capture
