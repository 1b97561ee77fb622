// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/usage_meter.h"

#include <unistd.h>

#include <cerrno>

namespace cmd {
namespace {

constexpr double kTicksPerSecond = 100;  // USER_HZ

}  // namespace

UsageMeter::UsageMeter(capture::Session& session) : session_(&session) {
    session.processes().for_each([this](const packet::Process& process) {
        if (const auto stat = session_->stat_of(process.number)) {
            cpu_ticks_[process.number] = stat->cpu_ticks;
        }
    });
}

std::optional<ProcessUsage> UsageMeter::usage_of(uint32_t process, double seconds) {
    const auto stat = session_->stat_of(process);
    if (!stat) {
        cpu_ticks_.erase(process);
        return stat.error().code == ESRCH ? std::optional(ProcessUsage{.ended = true})
                                          : std::nullopt;
    }
    uint64_t& before = cpu_ticks_[process];
    const auto ticks = static_cast<double>(stat->cpu_ticks - before);
    before = stat->cpu_ticks;
    const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    return ProcessUsage{.cpu_percent = seconds > 0 ? 100 * ticks / kTicksPerSecond / seconds : 0,
                        .memory_bytes = stat->resident_pages * page};
}

}  // namespace cmd
