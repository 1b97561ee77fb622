// SPDX-License-Identifier: GPL-2.0-only
//
// Prober: a process of its own that finds the TLS libraries of all processes and puts probes into
// them, those that are there at the start and those that come later. It alone keeps the
// capabilities for that, and sees no secret: the probes write into a ring that its parent reads.
// One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/confinement/helper_process.h"
#include "capture/keys/prober_messages.h"
#include "capture/keys/secret_ring.h"
#include "pcapng/result.h"

namespace capture::tls {

class Prober {
  public:
    // Forks the process, which runs as `user` if given, and waits until it has looked at every
    // process that runs. `settings`: see KeyProbe.
    static pcapng::Result<Prober> start(const ProbeSettings& settings,
                                        const std::optional<UserIds>& user);

    // Puts probes into this program ahead of its first process.
    pcapng::Result<void> prepare(const std::string& path);

    // Returns what was made of files since the last call. Error EPIPE: the process has ended, so no
    // more files are found, and the probes are gone.
    pcapng::Result<std::vector<ProbedFile>> take_files();

    // Takes all probes out, and waits for that: none is left when it returns.
    void stop();

    // Becomes readable when there is something to read.
    int fd() const { return helper_.socket(); }

  private:
    // A file with its labels has some 2 KiB.
    static constexpr size_t kMaxMessage = size_t{64} * 1024;

    explicit Prober(HelperProcess helper) : helper_(std::move(helper)), room_(kMaxMessage) {}

    std::optional<ProberReport> receive(int flags);
    bool wait_for(ProberReport wanted);

    HelperProcess helper_;
    std::vector<char> room_;         // for a message
    std::vector<ProbedFile> files_;  // not taken yet
    bool alive_ = true;
};

}  // namespace capture::tls
