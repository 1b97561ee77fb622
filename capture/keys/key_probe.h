// SPDX-License-Identifier: GPL-2.0-only
//
// KeyProbes: the program of bpf/tls.bpf.c, loaded once so that it is there within a millisecond for
// a library that a process has just mapped, and attached to key log functions. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "capture/keys/probe.h"
#include "capture/keys/secret_ring.h"
#include "capture/tls/key_log_function.h"

struct pidcap_tls_bpf;  // the skeleton, see pidcap_tls.skel.h

namespace capture::tls {

class KeyProbes {
  public:
    // Loads the program.
    static Result<KeyProbes> load(const ProbeSettings& settings);

    KeyProbes(KeyProbes&&) noexcept;
    ~KeyProbes();

    // Attaches it to `function` of the file at `path`, which may be below /proc/self/fd. Its
    // secrets carry the number `probe`, from 1 to PIDCAP_TLS_PROBES_MAX - 1, which is nobody
    // else's. An error names what failed.
    Result<Probe> attach(const std::string& path, const KeyLogFunction& function,
                         uint32_t probe) const;

  private:
    struct CloseSkeleton {
        void operator()(pidcap_tls_bpf* skeleton) const;
    };
    using Skeleton = std::unique_ptr<pidcap_tls_bpf, CloseSkeleton>;

    KeyProbes(Skeleton skeleton, const ProbeSettings& settings);

    static Result<Skeleton> load_skeleton(const ProbeSettings& settings, uint32_t only_probe);
    static Result<Probe> attach_by(const pidcap_tls_bpf& skeleton, const std::string& path,
                                   const KeyLogFunction& function, uint32_t probe);

    Skeleton skeleton_;  // null: the kernel has no cookies, and each probe needs its own
    ProbeSettings settings_;
};

}  // namespace capture::tls
