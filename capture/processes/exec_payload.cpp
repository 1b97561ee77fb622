// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/exec_payload.h"

#include "capture/processes/procfs.h"

#include <string_view>

namespace capture {
namespace {

// Turns "sh\0bin\0usr\0" into "usr/bin/sh". Returns an empty string for bytes that can't be a path:
// no NUL at the end, an empty component, or a "/" within one.
std::string join_reversed(std::string_view components) {
    if (components.empty() || components.back() != '\0' ||
        components.find('/') != std::string_view::npos) {
        return {};
    }
    std::string path;
    while (!components.empty()) {
        components.remove_suffix(1);                      // the NUL
        const size_t begin = components.rfind('\0') + 1;  // npos + 1 is 0
        const std::string_view component = components.substr(begin);
        if (component.empty()) {
            return {};
        }
        if (!path.empty()) {
            path += '/';
        }
        path += component;
        components.remove_suffix(component.size());
    }
    return path;
}

}  // namespace

ExecPayload decode_exec_payload(const pidcap_event& event, std::span<const std::byte> payload) {
    ExecPayload decoded;
    if (event.exe_inode != 0) {
        decoded.exe_device = device_text(event.exe_device >> PIDCAP_MINOR_BITS,
                                         event.exe_device & ((1U << PIDCAP_MINOR_BITS) - 1));
    }
    const size_t path_len = event.path_len;
    const size_t args_len = event.args_len;
    if (path_len > PIDCAP_PATH_LEN || args_len > PIDCAP_ARGS_LEN ||
        path_len + args_len > payload.size()) {
        decoded.malformed = true;
        return decoded;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(payload.data()), payload.size());

    const std::string path = join_reversed(bytes.substr(0, path_len));
    decoded.malformed = path_len > 0 && path.empty();
    if (!path.empty()) {
        decoded.exe_complete = event.path_truncated == 0;
        decoded.exe = decoded.exe_complete ? "/" + path : path;
    }

    decoded.cmdline = bytes.substr(path_len, args_len);
    decoded.cmdline_complete = event.args_truncated == 0 && args_len > 0;
    if (!decoded.cmdline.empty() && decoded.cmdline.back() != '\0') {
        decoded.cmdline.push_back('\0');
    }
    return decoded;
}

std::string working_directory(const pidcap_event& event, std::span<const std::byte> payload) {
    constexpr size_t kBegin = PIDCAP_PATH_LEN + PIDCAP_ARGS_LEN;
    const size_t length = event.cwd_len;
    if (length == 0) {
        return event.cwd_truncated == 0 ? "/" : "";
    }
    if (length > PIDCAP_CWD_LEN || kBegin + length > payload.size()) {
        return {};
    }
    const std::string_view bytes(reinterpret_cast<const char*>(payload.data()), payload.size());
    const std::string path = join_reversed(bytes.substr(kBegin, length));
    return event.cwd_truncated == 0 && !path.empty() ? "/" + path : path;
}

}  // namespace capture
