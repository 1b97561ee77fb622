// SPDX-License-Identifier: GPL-2.0-only
//
// Where Wireshark looks for what extends it, and where our program for it is. Looks, changes
// nothing.
#pragma once

#include <string>
#include <vector>

#include "pcapng/result.h"

namespace cmd {

inline constexpr const char* kExtcapName = "pidcap-extcap";

struct WiresharkFolder {
    std::string path;
    // The first folder above that stays when nothing is left in it, `path` itself or one above it.
    std::string kept;
};

struct WiresharkFolders {
    std::vector<WiresharkFolder> extcap;   // programs that offer interfaces
    std::vector<WiresharkFolder> plugins;  // Lua scripts
    std::vector<WiresharkFolder> profiles;
    bool of_user = false;
};

// Those below /usr and /usr/local that exist, whichever version and distribution made them, and
// that nobody but root can change. Of `profiles` the parent exists.
WiresharkFolders folders_for_everyone();

// Those of the user who runs this; they need not exist. Of the two for extcap, Wireshark 4.0 looks
// into the first and 4.4 into the second.
pcapng::Result<WiresharkFolders> folders_of_user();

// pidcap-extcap beside the running program or in ../libexec/pidcap, its links resolved.
pcapng::Result<std::string> find_extcap_program();

}  // namespace cmd
