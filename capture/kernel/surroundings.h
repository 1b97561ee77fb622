// SPDX-License-Identifier: GPL-2.0-only
//
// Surroundings: what this process runs in (a container of which kind, WSL), and what to write there
// to get what is missing. Goes by what the runtimes are known to leave; what isn't recognised is
// the host, or "a container" if the PID namespace says so. Values and pure functions but for
// find().
#pragma once

#include <string>
#include <string_view>

namespace capture {

struct Surroundings {
    enum class Kind { kHost, kContainer, kDocker, kPodman, kKubernetes };

    Kind kind = Kind::kHost;
    bool wsl = false;  // Windows Subsystem for Linux, version 2
    bool own_pid_namespace = false;
    bool filters_calls = false;  // seccomp is in force

    // Looks at the files below `root`; "" for those of the machine.
    static Surroundings find(const std::string& root = {});

    bool in_container() const { return kind != Kind::kHost; }

    // How to get a capability ("CAP_BPF"), or several with commas between them.
    std::string with_capabilities(std::string_view capabilities) const;
    // How to get into a namespace of the host: "pid", "network", "userns" or "cgroupns".
    std::string with_host(std::string_view space) const;
    // How to go without the runtime's filter of system calls.
    std::string without_filter() const;

  private:
    std::string_view command() const;
};

}  // namespace capture
