// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/trigger_signal.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace cmd {

pcapng::Result<TriggerSignal> TriggerSignal::open() {
    sigset_t trigger;
    sigemptyset(&trigger);
    sigaddset(&trigger, SIGUSR1);
    sigprocmask(SIG_BLOCK, &trigger, nullptr);
    pcapng::Fd fd(signalfd(-1, &trigger, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd.valid()) {
        return pcapng::errno_error("wait for SIGUSR1", errno);
    }
    return TriggerSignal(std::move(fd));
}

std::optional<uid_t> TriggerSignal::take() {
    signalfd_siginfo info{};
    if (read(fd_.get(), &info, sizeof(info)) != sizeof(info)) {
        return std::nullopt;
    }
    return info.ssi_uid;
}

}  // namespace cmd
