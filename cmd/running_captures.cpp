// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/running_captures.h"

#include <sys/capability.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>

#include "capture/processes/procfs.h"

namespace cmd {
namespace {

constexpr std::array<std::string_view, 10> kNames = {
    "pidcap",     "pidcap-extcap", "pidcap-proc",  "pidcap-names",  "pidcap-ctr",
    "pidcap-tls", "pidcap-elf",    "pidcap-files", "pidcap-socket", "pidcap-launch"};

std::vector<std::string> capability_names(const std::string& hex) {
    uint64_t set = 0;
    std::from_chars(hex.data(), hex.data() + hex.size(), set, 16);
    std::vector<std::string> names;
    for (cap_value_t capability = 0; capability <= cap_max_bits(); capability++) {
        if ((set >> capability & 1) != 0) {
            char* text = cap_to_name(capability);
            names.emplace_back(text != nullptr ? text : std::to_string(capability));
            cap_free(text);
        }
    }
    return names;
}

std::string status_of(uint32_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

RunningProcess parse_rights(std::string_view status) {
    RunningProcess process;
    std::istringstream lines{std::string(status)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string field;
        uint32_t skipped = 0;
        std::string hex;
        words >> field;
        if (field == "Name:") {
            words >> process.name;
        } else if (field == "Uid:") {  // real, effective, saved, file system
            words >> skipped >> process.uid;
        } else if (field == "Gid:") {
            words >> skipped >> process.gid;
        } else if (field == "Groups:") {
            for (uint32_t group = 0; words >> group;) {
                process.groups.push_back(group);
            }
        } else if (field == "CapEff:") {
            words >> hex;
            process.capabilities = capability_names(hex);
        } else if (field == "CapBnd:") {
            words >> hex;
            process.bounding = capability_names(hex);
        } else if (field == "NoNewPrivs:") {
            words >> process.no_new_privs;
        } else if (field == "Seccomp:") {
            words >> skipped;
            process.seccomp = skipped == 2;
        }
    }
    return process;
}

std::vector<RunningProcess> running_captures() {
    const auto procfs = capture::ProcFs::open();
    const auto pids = procfs ? procfs->pids() : procfs.error();
    std::vector<RunningProcess> running;
    if (!pids) {
        return running;
    }
    const auto self = static_cast<uint32_t>(getpid());
    for (const uint32_t pid : *pids) {
        const auto stat = procfs->stat(pid);
        if (!stat || pid == self || stat->ppid == self ||
            std::find(kNames.begin(), kNames.end(), stat->comm) == kNames.end()) {
            continue;
        }
        RunningProcess process = parse_rights(status_of(pid));
        process.pid = pid;
        running.push_back(std::move(process));
    }
    std::sort(running.begin(), running.end(),
              [](const auto& one, const auto& other) { return one.pid < other.pid; });
    return running;
}

}  // namespace cmd
