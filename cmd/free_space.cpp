// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/free_space.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "capture/clock.h"
#include "cmd/status_line.h"

namespace cmd {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kCheckEvery = kSecond / 4;
constexpr uint64_t kTellEvery = 60 * kSecond;

}  // namespace

bool FreeSpace::make_room(int code) {
    return (code == ENOSPC || code == EDQUOT) && remove_oldest("the disk is full").has_value();
}

// Removes the oldest file, if that is wanted. Returns its bytes, or nullopt if there is none.
std::optional<uint64_t> FreeSpace::remove_oldest(const std::string& why) {
    if (!wanted_) {
        return std::nullopt;
    }
    const auto removed = spool_.remove_oldest();
    if (!removed || !*removed) {
        return std::nullopt;
    }
    const uint64_t bytes = (*removed)->bytes;
    const uint64_t time = capture::clock_ns(CLOCK_MONOTONIC);
    if (time < next_told_) {
        removed_++;
        return bytes;
    }
    next_told_ = time + kTellEvery;
    notices_.push_back(fmt::format("{} removed: {}", (*removed)->name, why));
    if (const uint64_t more = std::exchange(removed_, 0); more > 0) {
        notices_.back() += fmt::format("; {} files before it, too", more);
    }
    return bytes;
}

// Some file systems count what was removed as free only later, so it is enough that the files
// removed had as many bytes as were missing.
void FreeSpace::keep(int fd) {
    const uint64_t time = capture::clock_ns(CLOCK_MONOTONIC);
    struct statvfs system {};
    if (!wanted_ || time < next_check_ || fstatvfs(fd, &system) != 0) {
        return;
    }
    next_check_ = time + kCheckEvery;
    const uint64_t free = uint64_t{system.f_bavail} * system.f_frsize;
    const std::string why = fmt::format("less than {} is free", size_text(*wanted_));
    for (uint64_t freed = 0; free + freed < *wanted_;) {
        const auto bytes = remove_oldest(why);
        if (!bytes) {
            if (!std::exchange(told_nothing_left_, true)) {
                notices_.push_back(why + ", and there is no older file to remove");
            }
            return;
        }
        freed += std::max<uint64_t>(*bytes, 1);
    }
    told_nothing_left_ = false;
}

std::vector<std::string> FreeSpace::take_notices() {
    return std::exchange(notices_, {});
}

void FreeSpace::finish() {
    if (const uint64_t more = std::exchange(removed_, 0); more > 0) {
        notices_.push_back(fmt::format("{} more older files removed for --keep-free", more));
    }
}

}  // namespace cmd
