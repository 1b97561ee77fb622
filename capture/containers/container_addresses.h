// SPDX-License-Identifier: GPL-2.0-only
//
// ContainerAddresses: which addresses a container has, by the name of the container: those of the
// interfaces in its process's network namespace, as /proc shows them. None of a container that
// shares the network namespace of the host or of this process. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture/packet_types.h"
#include "capture/processes/procfs.h"
#include "packet/dissect/address.h"
#include "pcapng/result.h"

namespace capture {

class ContainerAddresses {
  public:
    using Named = std::shared_ptr<const std::vector<packet::NamedAddress>>;

    // `procfs`: to see which namespaces are process 1's and this process's. If it doesn't show this
    // process's, no container has an address.
    explicit ContainerAddresses(const ProcFs& procfs);

    // Returns the addresses of the process's container; null: it has none, or isn't known by name.
    // `read` reads those of this process, at most once a second for each container.
    Named find(const Process& process, uint64_t now_mono,
               const std::function<pcapng::Result<ProcAddresses>()>& read);

    // The container's name; of a container in a pod, as they share addresses, NAMESPACE/NAME of the
    // pod.
    static std::string name_of(const Process& process);

  private:
    struct Known {
        Named addresses;
        uint64_t read_mono = 0;
    };
    Named read_now(const std::string& name, const Named& before,
                   const std::function<pcapng::Result<ProcAddresses>()>& read) const;

    uint32_t host_netns_ = 0;  // of process 1; 0: we may not see it
    uint32_t own_netns_ = 0;
    std::unordered_map<std::string, Known> known_;  // by network namespace and container
};

}  // namespace capture
