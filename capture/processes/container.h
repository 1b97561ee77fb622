// SPDX-License-Identifier: GPL-2.0-only
//
// Finds the container or the systemd unit in the path of a cgroup. Only the forms that the runtimes
// are known to write are recognised; for any other, the result is an empty string, never a guess.
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace capture {

// Returns the full id (64 hexadecimal digits) of a docker, podman, CRI-O, containerd or nerdctl
// container, under the cgroupfs or the systemd driver, in Kubernetes, ECS or not; the id of a task
// (32 digits) with the number of its container, of ECS on Fargate; the name of an LXC, LXD or Incus
// container (of LXD and Incus with the project before it, unless that is the default one) or of a
// systemd-nspawn machine. If containers are nested, returns the innermost one. Empty
// if there is none. The runtime's own processes (conmon, lxc.monitor, nspawn's supervisor) and
// virtual machines are in no container.
std::string container_of(std::string_view cgroup_path);

// Returns true if this, of container_of(), is the 64 digits that a runtime has drawn for a
// container. By them alone its runtime's files can be found.
bool is_container_id(std::string_view container);

// Returns the container of container_of() if that is its name, and not an id. Empty otherwise.
std::string container_name_in(std::string_view cgroup_path);

// Returns the user whose systemd manages this part of the hierarchy (user@UID.service), who may
// make any path below it, and whose own runtime has made the containers there. Nothing elsewhere,
// and for root's.
std::optional<uint32_t> delegated_user(std::string_view cgroup_path);

// Returns the systemd unit: the last component that is a .service, .scope, .socket, .mount or
// .swap. Empty if there is none.
std::string unit_of(std::string_view cgroup_path);

}  // namespace capture
