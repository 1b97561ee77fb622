// SPDX-License-Identifier: GPL-2.0-only
//
// ContainerNames: name, image and pod of the container that a cgroup is of. A runtime's files are
// read once for each container (container_files.h), in a process of its own that may read every
// file and knows of no packet (look_up_process.h). What wasn't there then is looked for once more
// two seconds later, in case that its runtime writes it late. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/confinement/confinement.h"
#include "capture/containers/container_facts.h"
#include "capture/processes/look_up_process.h"
#include "pcapng/result.h"

namespace capture {

class ContainerNames {
  public:
    ContainerNames() = default;  // has no process: knows the names that are in paths

    // Forks the process, which reads as `user` if given.
    static pcapng::Result<ContainerNames> open(const std::optional<UserIds>& user,
                                               const std::string& proc_root = "/proc");

    // Returns what is known of the container that container_of() finds in this path. The name of a
    // container that has no id stands in the path.
    ContainerFacts find(std::string_view cgroup_path);

    // Returns keys of containers of which something has become known since find() returned
    // nothing.
    std::vector<std::string> take_late() { return process_.take_late(); }
    // The key of the container in a path; empty: its name stands there, or there is none.
    static std::string key_of(std::string_view cgroup_path);

  private:
    explicit ContainerNames(LookUpProcess process) : process_(std::move(process)) {}

    LookUpProcess process_;
};

}  // namespace capture
