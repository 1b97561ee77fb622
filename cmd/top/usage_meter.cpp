// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/usage_meter.h"

#include <unistd.h>

#include <cerrno>

namespace cmd {
namespace {

constexpr double kTicksPerSecond = 100;  // USER_HZ

uint64_t cpu_ticks(const capture::ProcStat& stat) {
    return stat.user_ticks + stat.system_ticks;
}

}  // namespace

UsageMeter::UsageMeter(capture::Session& session) : session_(&session) {
    session.processes().for_each([this](const packet::Process& process) {
        if (const auto stat = session_->stat_of(process.number)) {
            cpu_ticks_[process.number] = cpu_ticks(*stat);
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
    const auto ticks = static_cast<double>(cpu_ticks(*stat) - before);
    before = cpu_ticks(*stat);
    const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    return ProcessUsage{.cpu_percent = seconds > 0 ? 100 * ticks / kTicksPerSecond / seconds : 0,
                        .memory_bytes = stat->resident_pages * page};
}

}  // namespace cmd
