// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/wireshark/running_processes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "capture/processes/procfs.h"
#include "capture/processes/user_names.h"

namespace extcap {
namespace {

constexpr uint32_t kKernelThreads = 2;  // kthreadd, and parent of all others

// Of a command line, so that a dialog stays readable.
constexpr size_t kShownArguments = 100;

std::string arguments_text(std::string cmdline) {
    if (const size_t program = cmdline.find('\0'); program != std::string::npos) {
        cmdline.erase(0, program + 1);
    }
    std::replace(cmdline.begin(), cmdline.end(), '\0', ' ');
    cmdline.erase(cmdline.find_last_not_of(' ') + 1);
    if (cmdline.size() > kShownArguments) {
        cmdline.resize(kShownArguments);
        cmdline += "…";
    }
    return cmdline;
}

}  // namespace

pcapng::Result<std::vector<RunningProcess>> running_processes() {
    auto proc = capture::ProcFs::open();
    if (!proc) {
        return std::move(proc).error();
    }
    auto pids = proc->pids();
    if (!pids) {
        return std::move(pids).error();
    }
    auto users = capture::UserNames::open();
    if (!users) {
        return std::move(users).error();
    }
    std::vector<std::pair<std::string, RunningProcess>> named;
    for (const uint32_t pid : *pids) {
        const auto process = proc->read(pid);
        const bool kernel =
            pid == kKernelThreads || !process || process->stat.ppid == kKernelThreads;
        if (kernel || pid == static_cast<uint32_t>(getpid())) {
            continue;
        }
        const std::string& name = users->name(process->status.uid);
        const std::string user = name.empty() ? std::to_string(process->status.uid) : name;
        std::string text = fmt::format("{}  {}  {}", pid, user, process->stat.comm);
        if (const std::string arguments = arguments_text(process->cmdline); !arguments.empty()) {
            text += "  " + arguments;
        }
        named.emplace_back(process->stat.comm, RunningProcess{pid, std::move(text)});
    }
    std::stable_sort(named.begin(), named.end(),
                     [](const auto& one, const auto& other) { return one.first < other.first; });
    std::vector<RunningProcess> running;
    running.reserve(named.size());
    for (auto& [name, process] : named) {
        running.push_back(std::move(process));
    }
    return running;
}

}  // namespace extcap
