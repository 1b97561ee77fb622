// SPDX-License-Identifier: GPL-2.0-only
#include "capture/containers/container_addresses.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace capture {
namespace {

using pcapng::Result;

constexpr size_t kMostContainers = 4096;
constexpr uint64_t kDistanceNs = 1'000'000'000;

uint32_t netns_of(const ProcFs& procfs, uint32_t pid) {
    const Result<ProcAddresses> process = procfs.addresses(pid);
    return process ? process->netns : 0;
}

bool same(const std::vector<packet::NamedAddress>& left,
          const std::vector<packet::NamedAddress>& right) {
    return std::ranges::equal(left, right, [](const auto& one, const auto& other) {
        return one.name == other.name && one.address == other.address;
    });
}

}  // namespace

ContainerAddresses::ContainerAddresses(const ProcFs& procfs)
    : host_netns_(netns_of(procfs, 1)),
      own_netns_(netns_of(procfs, static_cast<uint32_t>(getpid()))) {}

std::string ContainerAddresses::name_of(const Process& process) {
    const std::string_view pod = process.pod_name.view();
    return pod.empty() ? std::string(process.container_name.view())
                       : fmt::format("{}/{}", process.pod_namespace.view(), pod);
}

ContainerAddresses::Named ContainerAddresses::find(
    const Process& process, uint64_t now_mono, const std::function<Result<ProcAddresses>()>& read) {
    std::string name = process.container.empty() ? std::string() : name_of(process);
    if (name.empty() || name.size() > packet::kMaxName || own_netns_ == 0) {
        return nullptr;
    }
    if (known_.size() >= kMostContainers) {
        known_.clear();
    }
    const auto [entry, is_new] =
        known_.try_emplace(fmt::format("{} {} {}", process.netns, process.container, name));
    Known& known = entry->second;
    if (is_new || now_mono >= known.read_mono + kDistanceNs) {
        known.read_mono = now_mono;
        known.addresses = read_now(name, known.addresses, read);
    }
    return known.addresses;
}

ContainerAddresses::Named ContainerAddresses::read_now(
    const std::string& name, const Named& before,
    const std::function<Result<ProcAddresses>()>& read) const {
    const Result<ProcAddresses> seen = read();
    if (!seen) {
        return before;  // it has ended, or may not be read
    }
    if (seen->netns == 0 || seen->netns == host_netns_ || seen->netns == own_netns_) {
        return nullptr;
    }
    std::vector<packet::NamedAddress> named;
    for (const packet::Address& address : seen->addresses) {
        named.push_back({.name = name, .address = address});
    }
    if (named.empty() || (before != nullptr && same(*before, named))) {
        return named.empty() ? nullptr : before;
    }
    return std::make_shared<const std::vector<packet::NamedAddress>>(std::move(named));
}

}  // namespace capture
