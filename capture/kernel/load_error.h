// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "capture/kernel/libbpf_log.h"
#include "capture/kernel/privilege.h"

namespace capture {

// Returns the error for programs that libbpf couldn't open or load, with the errno `code`. `what`
// failed ("load the programs for events"). For EPERM it names what is missing, else libbpf's
// reason.
inline Error load_error(std::string_view what, int code, const LibbpfLog& log) {
    if (code == EPERM) {
        return privilege_error(what, code);
    }
    Error error = pcapng::errno_error(std::string(what), code);
    error.message += fmt::format(" ({})", log.reason());
    return error;
}

}  // namespace capture
