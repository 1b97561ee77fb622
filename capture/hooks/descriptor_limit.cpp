// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/descriptor_limit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <cerrno>
#include <string_view>

#include "pcapng/fd.h"

namespace capture {
namespace {

constexpr rlim_t kReserve = 16;

rlim_t limit() {
    rlimit now{};
    return getrlimit(RLIMIT_NOFILE, &now) == 0 ? now.rlim_cur : RLIM_INFINITY;
}

}  // namespace

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

// The kernel gives out the lowest number that is free.
bool leaves_descriptors() {
    const pcapng::Fd next(open("/", O_PATH | O_CLOEXEC));
    return next.valid() && static_cast<rlim_t>(next.get()) + kReserve < limit();
}

pcapng::Error out_of_descriptors(const std::string& what) {
    return pcapng::Error{
        fmt::format(
            "{}: no file descriptors are left; the hard limit is {}: raise it (`ulimit -Hn`, "
            "LimitNOFILE= of a service), or name fewer interfaces with -i",
            what, limit()),
        EMFILE};
}

pcapng::Error explain_descriptors(const pcapng::Error& error) {
    constexpr std::string_view kDetail = "file descriptors are left";
    return error.code == EMFILE && error.message.find(kDetail) == std::string::npos
               ? out_of_descriptors(error.message)
               : error;
}

}  // namespace capture
