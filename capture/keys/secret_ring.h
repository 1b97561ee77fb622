// SPDX-License-Identifier: GPL-2.0-only
//
// SecretRing: the ring that the programs of bpf/tls.bpf.c put secrets into, whichever function they
// are attached to. Owns the maps that those programs share. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "bpf/contract.h"
#include "capture/kernel/ring.h"
#include "capture/kernel/shared_parts.h"
#include "pcapng/fd.h"

namespace capture::tls {

// Where plaintext goes: into the packet rings, as an event with this number.
struct PlaintextSettings {
    SharedParts parts;
    uint32_t event = 0;
};

// What is taken, and what all probes of a capture have in common: maps, by descriptors of others,
// and whose secrets are taken.
struct ProbeSettings {
    bool takes_secrets = true;
    std::optional<PlaintextSettings> plaintext = {};  // none: it isn't taken
    int secrets = -1;
    int secrets_missed = -1;
    int unwanted = -1;  // the process filter's, see bpf/verdict.h
    int changes = -1;
    std::optional<uint32_t> only_uid =
        {};  // of processes that are this user's by both ids; none: all
};

class SecretRing {
  public:
    // Makes the maps. Needs CAP_BPF, or CAP_SYS_ADMIN before Linux 5.8.
    static Result<SecretRing> create();

    // Calls `take` for each secret that has come, in the order of the ring, which all CPUs share:
    // nearly that of time. A secret is valid during its call only.
    void read(const std::function<void(const pidcap_secret&)>& take);

    // Returns how many secrets, or calls that passed plaintext, were missed for a cause.
    uint64_t missed(pidcap_tls_miss cause) const;

    // Becomes readable when a secret has come.
    int fd() const { return ring_fd_.get(); }
    int missed_fd() const { return missed_fd_.get(); }

  private:
    struct Unmap {
        void operator()(void* page) const;
    };
    using Counters = std::unique_ptr<void, Unmap>;  // a page of 64-bit numbers

    SecretRing(pcapng::Fd ring, pcapng::Fd missed, Ring mapped, Counters counters)
        : ring_fd_(std::move(ring)),
          missed_fd_(std::move(missed)),
          ring_(std::move(mapped)),
          counters_(std::move(counters)) {}

    pcapng::Fd ring_fd_;
    pcapng::Fd missed_fd_;
    Ring ring_;
    Counters counters_;
};

}  // namespace capture::tls
