// SPDX-License-Identifier: GPL-2.0-only
#include "capture/host_name.h"

#include <sys/utsname.h>

#include <string_view>

namespace capture {

std::string host_name() {
    utsname system{};
    if (uname(&system) != 0) {
        return {};
    }
    const std::string_view name = system.nodename;
    const bool is_nobodys =
        name == "(none)" || name == "localhost" || name.starts_with("localhost.");
    return is_nobodys ? std::string() : std::string(name);
}

}  // namespace capture
