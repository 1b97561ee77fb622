// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/stop_signals.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace cmd {
namespace {

bool is_ignored(int number) {
    struct sigaction now {};
    return sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

pcapng::Result<StopSignals> StopSignals::open(bool but_hangup) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    for (int number : {SIGHUP, SIGQUIT}) {
        if (!is_ignored(number) && !(number == SIGHUP && but_hangup)) {
            sigaddset(&stop, number);
        }
    }
    StopSignals signals;
    sigprocmask(SIG_BLOCK, &stop, &signals.inherited_mask_);
    // A reader that leaves and a file that grows too large are errors of write(2).
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &signals.inherited_pipe_);
    sigaction(SIGXFSZ, &ignore, &signals.inherited_file_size_);
    signals.fd_ = pcapng::Fd(signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals.fd_.valid()) {
        return pcapng::errno_error("wait for signals", errno);
    }
    return signals;
}

bool StopSignals::pending() const {
    pollfd watched{fd_.get(), POLLIN, 0};
    return poll(&watched, 1, 0) == 1;
}

StopSignals::Signal StopSignals::take() {
    signalfd_siginfo info{};
    if (read(fd_.get(), &info, sizeof(info)) != sizeof(info)) {
        return {};
    }
    return {static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
}

void StopSignals::restore_inherited() const {
    sigaction(SIGPIPE, &inherited_pipe_, nullptr);
    sigaction(SIGXFSZ, &inherited_file_size_, nullptr);
    sigprocmask(SIG_SETMASK, &inherited_mask_, nullptr);
}

}  // namespace cmd
