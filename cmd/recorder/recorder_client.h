// SPDX-License-Identifier: GPL-2.0-only
//
// The client's side of a recorder's socket: one question, one answer. Waits a few seconds at most.
#pragma once

#include <string>

#include "pcapng/result.h"

namespace cmd {

// Returns the line that the recorder answers, without its end. Error: ECONNREFUSED if the recorder
// is gone and has left its socket, ENOENT if there is no such socket.
pcapng::Result<std::string> ask_recorder(const std::string& path, const std::string& request);

}  // namespace cmd
