// SPDX-License-Identifier: GPL-2.0-only
//
// Once everything is attached, pidcap needs few of root's powers: to follow interfaces that come
// later (CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON) and to look at processes (CAP_SYS_PTRACE,
// CAP_DAC_READ_SEARCH). What parses packets and hostile names shouldn't hold the rest.
#pragma once

#include "pcapng/result.h"

namespace cmd {

// Gives up, for good and also across execve(2), every other capability; not CAP_SYS_ADMIN where
// other network namespaces are still to be entered. A command that was forked before keeps its own.
pcapng::Result<void> drop_privileges(bool enters_namespaces);

}  // namespace cmd
