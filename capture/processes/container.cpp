// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/container.h"

#include <algorithm>
#include <array>
#include <vector>

#include "packet/comment.h"

namespace capture {
namespace {

constexpr size_t kIdLength = 64;
constexpr size_t kTaskLength = 32;
constexpr std::string_view kScope = ".scope";
constexpr std::string_view kService = ".service";

// Runtimes that write their name before the id. "libpod-conmon-…" and "crio-conmon-…" are monitors
// and don't match.
constexpr std::array<std::string_view, 6> kRuntimes = {"docker",         "libpod",     "crio",
                                                       "cri-containerd", "containerd", "nerdctl"};

constexpr std::array<std::string_view, 5> kSuffixes = {kService, kScope, ".socket", ".mount",
                                                       ".swap"};

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_hexadecimal(std::string_view text, size_t length) {
    return text.size() == length &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_id(std::string_view text) {
    return is_hexadecimal(text, kIdLength);
}

// ECS on Fargate names a container by its task's id and a number: "/ecs/TASK/TASK-NUMBER". On
// machines of one's own the containers are docker's.
bool is_ecs_id(std::string_view text) {
    return text.size() > kTaskLength && is_hexadecimal(text.substr(0, kTaskLength), kTaskLength) &&
           text[kTaskLength] == '-' && is_number(text.substr(kTaskLength + 1));
}

bool is_runtime(std::string_view text) {
    return std::find(kRuntimes.begin(), kRuntimes.end(), text) != kRuntimes.end();
}

std::vector<std::string_view> components(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const size_t end = std::min(path.find('/'), path.size());
        if (end > 0) {
            parts.push_back(path.substr(0, end));
        }
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return parts;
}

// Returns the container id in one component of a path: the id by itself, "docker-ID.scope",
// "crio-ID", or "SLICE:cri-containerd:ID", which containerd writes when it is given a systemd path
// without the systemd driver.
std::string_view id_in(std::string_view part) {
    if (part.ends_with(kScope)) {
        part.remove_suffix(kScope.size());
    } else if (is_id(part)) {
        return part;
    }
    if (part.size() <= kIdLength + 1) {
        return {};
    }
    const std::string_view id = part.substr(part.size() - kIdLength);
    const char separator = part[part.size() - kIdLength - 1];
    std::string_view runtime = part.substr(0, part.size() - kIdLength - 1);
    if (separator == ':') {
        runtime = runtime.substr(runtime.rfind(':') + 1);  // npos + 1 is 0: the whole
    } else if (separator != '-') {
        return {};
    }
    return is_id(id) && is_runtime(runtime) ? id : std::string_view();
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// systemd writes "-" within a name as "\x2d" (systemd.unit(5)).
std::string unescape(std::string_view text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text.size() - i >= 4 && text[i] == '\\' && text[i + 1] == 'x' &&
            hex_digit(text[i + 2]) >= 0 && hex_digit(text[i + 3]) >= 0) {
            plain.push_back(
                static_cast<char>(hex_digit(text[i + 2]) * 16 + hex_digit(text[i + 3])));
            i += 3;
        } else {
            plain.push_back(text[i]);
        }
    }
    return plain;
}

std::string between(std::string_view text, std::string_view prefix, std::string_view suffix) {
    if (text.size() <= prefix.size() + suffix.size() || !text.starts_with(prefix) ||
        !text.ends_with(suffix)) {
        return {};
    }
    text.remove_prefix(prefix.size());
    text.remove_suffix(suffix.size());
    return std::string(text);
}

// Returns NAME from "machine-NAME.scope" of systemd-machined, or from
// "systemd-nspawn@NAME.service".
std::string machine_in(std::string_view part, std::string_view next) {
    if (next == "supervisor") {
        return {};
    }
    // libvirt registers its virtual machines in the same way.
    if (part.starts_with("machine-qemu\\x2d")) {
        return {};
    }
    std::string name = between(part, "machine-", kScope);
    if (name.empty()) {
        name = between(part, "systemd-nspawn@", kService);
    }
    return unescape(name);
}

}  // namespace

std::string container_of(std::string_view cgroup_path) {
    const std::vector<std::string_view> parts = components(cgroup_path);
    std::string found;
    for (size_t i = 0; i < parts.size(); ++i) {
        const std::string_view part = parts[i];
        const std::string_view before = i > 0 ? parts[i - 1] : std::string_view();
        const std::string_view next = i + 1 < parts.size() ? parts[i + 1] : std::string_view();
        std::string name(id_in(part));
        if (name.empty() && i > 0 && parts.front() == "ecs" && is_ecs_id(part)) {
            name = part;
        }
        if (name.empty() && i == 1 && (before == "lxc" || before == "lxc.payload")) {
            name = part;
        }
        if (name.empty()) {
            name = between(part, "lxc.payload.", "");
        }
        if (name.empty() && before == "machine.slice") {
            name = machine_in(part, next);
        }
        if (!name.empty()) {
            found = std::move(name);
        }
    }
    return found;
}

bool is_container_id(std::string_view container) {
    return is_id(container);
}

std::string container_name_in(std::string_view cgroup_path) {
    std::string container = container_of(cgroup_path);
    return is_id(container) || is_ecs_id(container) ? std::string() : container;
}

std::optional<uint32_t> delegated_user(std::string_view cgroup_path) {
    const std::vector<std::string_view> parts = components(cgroup_path);
    if (parts.size() < 3 || parts[0] != "user.slice") {
        return std::nullopt;
    }
    const std::string uid = between(parts[2], "user@", kService);
    const auto user = packet::parse_number<uint32_t>(uid);
    return user.value_or(0) != 0 && between(parts[1], "user-", ".slice") == uid ? user
                                                                                : std::nullopt;
}

std::string unit_of(std::string_view cgroup_path) {
    std::string_view unit;
    for (const std::string_view part : components(cgroup_path)) {
        for (const std::string_view suffix : kSuffixes) {
            if (part.size() > suffix.size() && part.ends_with(suffix)) {
                unit = part;
            }
        }
    }
    return std::string(unit);
}

}  // namespace capture
