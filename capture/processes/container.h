// SPDX-License-Identifier: GPL-2.0-only
//
// What the path of a cgroup says about who made it: a container runtime or systemd. Only the forms
// that the runtimes are known to write are read; anything else gives an empty string, never a
// guess. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace capture {

// The full id (64 hexadecimal digits) of a docker, podman, CRI-O, containerd or nerdctl container,
// under the cgroupfs or the systemd driver, in Kubernetes or not; the name of an LXC container or a
// systemd-nspawn machine. The innermost one where containers are nested. The runtime's own
// processes (conmon, lxc.monitor, nspawn's supervisor) and virtual machines are in no container.
std::string container_of(std::string_view cgroup_path);

// The systemd unit: the last component that is a .service, .scope, .socket, .mount or .swap.
std::string unit_of(std::string_view cgroup_path);

}  // namespace capture
