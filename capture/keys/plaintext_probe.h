// SPDX-License-Identifier: GPL-2.0-only
//
// PlaintextProbes: the programs of bpf/plaintext.bpf.c, loaded once, and attached to functions that
// pass plaintext. One thread, but for the destruction of probes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "capture/kernel/tracing.h"
#include "capture/keys/probe.h"
#include "capture/keys/secret_ring.h"
#include "capture/tls/plaintext_function.h"

struct pidcap_plaintext_bpf;  // the skeleton, see pidcap_plaintext.skel.h

namespace capture::tls {

class PlaintextProbes {
  public:
    // Loads the programs, and begins to see which sockets threads use. `settings.plaintext` is set.
    static Result<PlaintextProbes> load(const ProbeSettings& settings);

    // Descriptors of others that load() uses.
    static std::vector<int> descriptors(const PlaintextSettings& settings);

    PlaintextProbes(PlaintextProbes&&) noexcept;
    ~PlaintextProbes();

    // Attaches them to the functions, all of the file at `path`, which may be below /proc/self/fd.
    // An error names what failed; then none is attached.
    Result<std::vector<Probe>> attach(const std::string& path,
                                      std::span<const PlaintextFunction> functions);

  private:
    struct CloseSkeleton {
        void operator()(pidcap_plaintext_bpf* skeleton) const;
    };
    using Skeleton = std::unique_ptr<pidcap_plaintext_bpf, CloseSkeleton>;

    PlaintextProbes(Skeleton skeleton, const ProbeSettings& settings, bool has_cookies);

    // `only_point`: for a kernel without cookies, a program for this one; 0: with them. If `first`
    // isn't null, its maps are those of the new one, too, which has one program only, for the
    // begins of calls or for their ends.
    static Result<Skeleton> load_skeleton(const ProbeSettings& settings, bool has_cookies,
                                          uint32_t only_point,
                                          const pidcap_plaintext_bpf* first = nullptr,
                                          bool at_end = false);
    // Returns the number of a new point.
    Result<uint32_t> add_point(const PlaintextFunction& function);
    Result<void> attach_all(std::vector<Probe>& probes, const std::string& path,
                            const std::vector<ProbePoint>& points, bool at_end);

    Skeleton skeleton_;
    Link sockets_;
    ProbeSettings settings_;
    bool has_cookies_;
    uint32_t points_ = 0;
};

}  // namespace capture::tls
