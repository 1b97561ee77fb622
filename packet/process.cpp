// SPDX-License-Identifier: GPL-2.0-only
#include "packet/process.h"

#include <algorithm>

namespace packet {

std::optional<ParentRecord> recorded_parent(const Process& process) {
    if (process.ppid.value_or(0) == 0) {
        return std::nullopt;
    }
    return ParentRecord{.pid = *process.ppid, .comm = process.parent_comm, .pidns = process.pidns};
}

std::string joined_arguments(const Process& process) {
    std::string line = process.cmdline;
    while (line.ends_with('\0')) {
        line.pop_back();
    }
    std::replace(line.begin(), line.end(), '\0', ' ');
    return line;
}

}  // namespace packet
