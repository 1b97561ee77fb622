// SPDX-License-Identifier: GPL-2.0-only
//
// Where recorders listen for `pidcap status` and `pidcap trigger`: a socket NAME.sock for each, in
// /run/pidcap for root and in $XDG_RUNTIME_DIR/pidcap for other users; for a service in the folder
// that systemd made for it ($RUNTIME_DIRECTORY), /run/pidcap-service.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pcapng/result.h"

namespace cmd {

// 1 to 64 letters, digits, "_", "-", "." and "@", the first neither "." nor "-".
bool is_recorder_name(std::string_view name);

// Returns the folder for recorders of this process's user, which need not exist.
pcapng::Result<std::string> own_recorder_directory();
// Makes it if it isn't there. Error: it can't be, or somebody else may write in it.
pcapng::Result<std::string> make_recorder_directory();

std::string recorder_socket_path(const std::string& directory, std::string_view name);

// The recorders that a client may ask: those of root, of services, and of its own user. Never those
// in a folder that another user may write, where root would remove files.
struct RecorderSocket {
    std::string name;
    std::string path;
};
// Sorted by name. Stale sockets are among them.
std::vector<RecorderSocket> list_recorder_sockets();

}  // namespace cmd
