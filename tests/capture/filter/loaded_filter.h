// SPDX-License-Identifier: GPL-2.0-only
//
// A translated filter in the kernel, run on packets by BPF_PROG_TEST_RUN. What it leads to are two
// programs of the test's, which say by their verdict that they were reached.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "capture/filter/filter_translation.h"
#include "pcapng/fd.h"
#include "tests/capture/filter/packets.h"

namespace test {

struct VlanTag {
    uint16_t protocol = 0;
    uint16_t tci = 0;
};

class LoadedFilter {
  public:
    // `target.exits_fd` is filled in. The error is the translator's, or the verifier's log.
    static pcapng::Result<LoadedFilter> load(const packet::ClassicProgram& program,
                                             capture::FilterTarget target,
                                             const packet::ClassicProgram* tagged = nullptr);

    // Whether the packet matches; none: the kernel doesn't run tc programs on packets that say they
    // are IP and are too short for it. `tag`: held by the kernel beside the packet.
    std::optional<bool> matches(const Bytes& packet, std::optional<VlanTag> tag = std::nullopt);

  private:
    enum class Answer : uint32_t;
    LoadedFilter() = default;
    int with_tag(const VlanTag& tag);

    uint32_t type_ = 0;
    pcapng::Fd exits_;
    pcapng::Fd program_;
    std::vector<pcapng::Fd> ends_;
    pcapng::Fd tagger_;  // puts `tagged_` beside the packet and goes on to the filter
    pcapng::Fd to_filter_;
    VlanTag tagged_;
};

}  // namespace test
