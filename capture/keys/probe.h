// SPDX-License-Identifier: GPL-2.0-only
//
// Probe: a program of ours at instructions of a file, in every process that has the file mapped,
// now or later. One thread, but for the destruction of probes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "capture/kernel/tracing.h"
#include "capture/tls/key_log_function.h"
#include "pcapng/fd.h"

struct pidcap_tls_operand;

namespace capture::tls {

// Destroying it takes the program out, for which the kernel needs some 50 ms; several threads may
// do so at the same time.
class Probe {
  public:
    explicit Probe(pcapng::Fd link) : multi_(std::move(link)) {}
    explicit Probe(std::vector<Link> links) : perf_(std::move(links)) {}

  private:
    pcapng::Fd multi_;
    std::vector<Link> perf_;
};

// Where a program is attached, in bytes from the file's start, and the number that it is given.
struct ProbePoint {
    uint64_t offset = 0;
    uint64_t number = 0;
};

// Returns whether this kernel has links to functions of user space (Linux 6.6), for which CAP_BPF
// and CAP_PERFMON are enough. Else perf events do it, for CAP_SYS_ADMIN.
bool probes_by_links();

// Attaches the program, which has to be loaded for that (expect_probes()), to all points of the
// file at `path`, which may be below /proc/self/fd. Without cookies a program gets no number. An
// error has the errno.
Result<Probe> attach_probe(const bpf_program& program, const std::string& path,
                           std::span<const ProbePoint> points, bool has_cookies);

// Before loading.
void expect_probes(bpf_program& program);

// The file that an operand was found in is anyone's, and the process that found it has read that;
// so it may be anything. Returns whether a program may use it.
bool is_sound(const Operand& operand);
// As programs have it.
pidcap_tls_operand raw_operand(const Operand& operand);

}  // namespace capture::tls
