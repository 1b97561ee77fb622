// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/surroundings.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>

#include "capture/processes/procfs.h"

namespace capture {
namespace {

bool exists(const std::string& path) {
    return access(path.c_str(), F_OK) == 0;
}

std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

bool is_in_own_pid_namespace(const std::string& root) {
    std::array<char, 64> link{};
    const ssize_t size = readlink((root + "/proc/self/ns/pid").c_str(), link.data(), link.size());
    return size > 0 && std::string_view(link.data(), static_cast<size_t>(size)) !=
                           fmt::format("pid:[{}]", kInitialPidNamespace);
}

bool has_filter(const std::string& root) {
    std::ifstream file(root + "/proc/self/status");
    std::string line;
    while (std::getline(file, line)) {
        if (line.starts_with("Seccomp:")) {
            return line.ends_with("2");  // SECCOMP_MODE_FILTER
        }
    }
    return false;
}

}  // namespace

Surroundings Surroundings::find(const std::string& root) {
    Surroundings found;
    const std::string release = first_line(root + "/proc/sys/kernel/osrelease");
    found.wsl =
        release.find("microsoft") != std::string::npos || release.find("WSL2") != std::string::npos;
    found.own_pid_namespace = is_in_own_pid_namespace(root);
    found.filters_calls = has_filter(root);
    if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr ||  // NOLINT: one thread
        exists(root + "/var/run/secrets/kubernetes.io")) {
        found.kind = Kind::kKubernetes;
    } else if (exists(root + "/run/.containerenv")) {
        found.kind = Kind::kPodman;
    } else if (exists(root + "/.dockerenv")) {
        found.kind = Kind::kDocker;
    } else if (exists(root + "/run/systemd/container") || (found.own_pid_namespace && !found.wsl)) {
        found.kind = Kind::kContainer;
    }
    return found;
}

std::string_view Surroundings::command() const {
    return kind == Kind::kPodman   ? "podman run"
           : kind == Kind::kDocker ? "docker run"
                                   : "docker or podman run";
}

std::string Surroundings::with_capabilities(std::string_view capabilities) const {
    if (kind == Kind::kHost) {
        return "run as root";
    }
    std::string flags;
    std::string names;
    while (!capabilities.empty()) {
        const size_t end = std::min(capabilities.find(','), capabilities.size());
        std::string_view name = capabilities.substr(0, end);
        capabilities.remove_prefix(std::min(end + 1, capabilities.size()));
        while (name.starts_with(' ')) {
            name.remove_prefix(1);
        }
        if (name.starts_with("CAP_")) {
            name.remove_prefix(4);
        }
        flags += fmt::format(" --cap-add={}", name);
        names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
    }
    if (kind == Kind::kKubernetes) {
        return fmt::format("securityContext: {{runAsUser: 0, capabilities: {{add: [{}]}}}}", names);
    }
    return fmt::format("{}{}, as root", command(), flags);
}

std::string Surroundings::with_host(std::string_view space) const {
    if (kind == Kind::kHost) {
        return "run it on the host";
    }
    if (kind == Kind::kKubernetes) {
        return space == "pid"       ? "hostPID: true"
               : space == "network" ? "hostNetwork: true"
               : space == "userns"  ? "hostUsers: true"
                                    : "securityContext: {privileged: true}";
    }
    if (space == "userns") {
        return fmt::format("{} --userns=host, by a daemon or user that is root", command());
    }
    return fmt::format("{} --{}=host", command(), space);
}

std::string Surroundings::without_filter() const {
    return kind == Kind::kKubernetes
               ? "securityContext: {seccompProfile: {type: Unconfined}}"
               : fmt::format("{} --security-opt seccomp=unconfined", command());
}

}  // namespace capture
