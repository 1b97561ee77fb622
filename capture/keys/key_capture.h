// SPDX-License-Identifier: GPL-2.0-only
//
// KeyCapture: takes the secrets of TLS connections from the libraries of all processes, without
// their help and without a table of versions (docs/tls.md), and has the plaintext that passes
// through them put into the packet rings. Owns the ring that probes write into,
// and the process that puts them into libraries. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "capture/confinement/confinement.h"
#include "capture/keys/key_table.h"
#include "capture/keys/prober.h"
#include "capture/keys/secret_ring.h"
#include "pcapng/result.h"

namespace capture::tls {

class KeyCapture {
  public:
    // Returns when every process that runs has been looked at. `settings` has the process filter's
    // maps, what is taken, and of whom. The process that looks runs as `user` if given. An error
    // names what this kernel or these capabilities don't allow.
    static pcapng::Result<KeyCapture> start(ProbeSettings settings,
                                            const std::optional<UserIds>& user);

    // Puts probes into a program that is about to be started.
    pcapng::Result<void> prepare(const std::string& path) { return prober_.prepare(path); }

    // Returns the secrets since the last call.
    std::vector<DerivedSecret> take_secrets();

    // Takes the probes out; the secrets that have come by then can still be taken.
    void stop() { prober_.stop(); }

    // Returns what the user should know, since the last call: that the process has ended which puts
    // probes into libraries.
    std::vector<std::string> take_notices();

    // Each file with a probe.
    const std::vector<ProbedFile>& files() const { return files_; }
    // Returns why a process gives no keys, "PATH: reason", or an empty text if nothing is known.
    std::string reason_of(uint32_t pid) const;

    // Returns how many calls passed plaintext that had begun before they could be seen, so that
    // nobody knows what.
    uint64_t unbegun() const { return ring_.missed(PIDCAP_TLS_UNBEGUN); }

    uint64_t ring_full() const { return ring_.missed(PIDCAP_TLS_RING_FULL); }
    // Returns how often a function was called with what is no secret of a key log, or with memory
    // that couldn't be read.
    uint64_t unreadable() const { return unreadable_ + ring_.missed(PIDCAP_TLS_UNREADABLE); }

    // Becomes readable when the process that probes has something to say. Secrets are for who comes
    // by ten times a second: there is room for 5,000.
    int fd() const { return prober_.fd(); }

  private:
    KeyCapture(SecretRing ring, Prober prober)
        : ring_(std::move(ring)), prober_(std::move(prober)) {}

    void read_files();
    void take(pidcap_secret& raw, uint64_t time_ns, std::vector<DerivedSecret>& secrets);
    std::string label_of(const pidcap_secret& raw, const ProbedFile& file) const;

    SecretRing ring_;
    Prober prober_;
    std::vector<ProbedFile> files_;
    std::unordered_map<uint32_t, size_t> by_probe_;      // index in files_
    std::unordered_map<uint32_t, std::string> reasons_;  // by pid; the latest
    std::deque<pidcap_secret> early_;                    // of probes that we weren't told of yet
    std::vector<std::string> notices_;
    uint64_t unreadable_ = 0;
    bool ended_ = false;  // the process that probes
};

}  // namespace capture::tls
