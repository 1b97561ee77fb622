// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/expedited_rcu.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "capture/confinement/descriptors.h"

namespace capture {
namespace {

using pcapng::Fd;

bool is_zero(const Fd& file) {
    std::array<char, 2> text{};
    return pread(file.get(), text.data(), text.size(), 0) > 0 && text[0] == '0' &&
           (text[1] == '\n' || text[1] == '\0');
}

bool set(int file, const char* digit) {
    return pwrite(file, digit, 1, 0) == 1;
}

// `ready` is closed, which the parent waits for, once no descriptor of the parent's is left.
[[noreturn]] void restore_at_end(int file, int alive, int ready) {
    // Whoever kills all processes of our name must not kill this one with them.
    prctl(PR_SET_NAME, "rcu-restore");
    close_all_but({file, alive, ready}, 0);  // an inherited one would keep a hook alive
    close(ready);
    char byte = 0;
    while (read(alive, &byte, 1) < 0 && errno == EINTR) {
    }
    _exit(set(file, "0") ? 0 : 1);
}

}  // namespace

RcuSettings::RcuSettings(const std::string& folder)
    : expedited(open((folder + "/rcu_expedited").c_str(), O_RDWR | O_CLOEXEC)),
      normal(open((folder + "/rcu_normal").c_str(), O_RDONLY | O_CLOEXEC)) {}

ExpeditedRcu::ExpeditedRcu(const RcuSettings& settings) {
    const Fd& file = settings.expedited;
    if (!file.valid() || !is_zero(file) || !settings.normal.valid() || !is_zero(settings.normal)) {
        return;
    }
    std::array<int, 2> alive{-1, -1};
    std::array<int, 2> ready{-1, -1};
    const bool piped = pipe2(alive.data(), O_CLOEXEC) == 0 && pipe2(ready.data(), O_CLOEXEC) == 0;
    const Fd reader(alive[0]);
    Fd writer(alive[1]);
    const Fd ready_reader(ready[0]);
    Fd ready_writer(ready[1]);
    if (!piped) {
        return;
    }
    // No signal that ends this process, as ^C to its group, ends the child.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    restorer_ = fork();
    if (restorer_ == 0) {
        restore_at_end(file.get(), reader.get(), ready_writer.get());
    }
    sigprocmask(SIG_SETMASK, &before, nullptr);
    if (restorer_ > 0) {
        // Else the child would close last, and wait for the grace periods before they are
        // expedited.
        ready_writer.reset();
        char byte = 0;
        while (read(ready_reader.get(), &byte, 1) < 0 && errno == EINTR) {
        }
        alive_ = std::move(writer);
        (void)set(file.get(), "1");
    }
}

ExpeditedRcu::~ExpeditedRcu() {
    alive_.reset();
    while (restorer_ > 0 && waitpid(restorer_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace capture
