// SPDX-License-Identifier: GPL-2.0-only
//
// Letting a group capture, as Debian does with dumpcap: the program belongs to root and the group,
// mode 0750, and has file capabilities. Whoever may run it may see all traffic.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "pcapng/result.h"

namespace cmd {

using pcapng::Result;

struct ExtcapPrivilege {
    uid_t owner = 0;
    gid_t group = 0;
    mode_t mode = 0;       // permission bits
    bool has_any = false;  // capabilities, of whatever kind
    bool has_all = false;  // exactly those of kCaptureCapabilities, permitted and effective
    bool nosuid = false;   // its file system gives nobody any
};
Result<ExtcapPrivilege> privilege_of(const std::string& program);

// "cap_net_admin,cap_bpf,…"
std::string capture_capability_names();

// Those that no program can have here, as in containers: to run a program that is to have them
// fails with EPERM.
std::string capabilities_out_of_bounds();

// Of a path without links. False: there was nothing to do. In between nobody but root has more
// rights than before or after.
Result<bool> grant(const std::string& program, gid_t group);
Result<bool> revoke(const std::string& program);

// Who is in the group, by the user database.
std::vector<std::string> users_in(gid_t group);
std::string name_of_group(gid_t group);

}  // namespace cmd
