// SPDX-License-Identifier: GPL-2.0-only
//
// FinderProcess: find_tls() in a process of its own, which has no right at all and sees nothing
// but the file that it is given: whoever makes a program that others run makes what is read here.
// It forks another one for each file; one that ends or takes too long costs that file's keys.
// Higher priority than others', if this process has it, is for what takes little. One thread.
#pragma once

#include <optional>
#include <utility>

#include "capture/confinement/helper_process.h"
#include "capture/tls/finder.h"
#include "pcapng/result.h"

namespace capture::tls {

class FinderProcess {
  public:
    // How long it may take over one file, which others wait for: 282 MB take 0.25 s.
    static constexpr int kPatienceSeconds = 3;
    // How much of that at a higher priority than others': 99 MB take 28 ms.
    static constexpr int kUrgentMilliseconds = 100;

    // Forks the process, which runs as `user` if given.
    static pcapng::Result<FinderProcess> start(const std::optional<UserIds>& user);

    // As find_tls(). Other errors: ETIME, it took too long; EPIPE, it ended over this file.
    pcapng::Result<Finding> find(int fd) const;

  private:
    explicit FinderProcess(HelperProcess helper) : helper_(std::move(helper)) {}

    HelperProcess helper_;
};

}  // namespace capture::tls
