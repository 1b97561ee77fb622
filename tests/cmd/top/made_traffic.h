// SPDX-License-Identifier: GPL-2.0-only
//
// Made-up counts for tests of `pidcap top`: processes with parents, conversations, intervals.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "cmd/top/traffic.h"

namespace test {

class MadeTraffic {
  public:
    // A process; its number is its pid.
    const packet::Process& process(uint32_t pid, const std::string& comm, uint32_t parent = 0) {
        packet::Process& made = processes_.emplace_back();
        made.number = made.pid = pid;
        made.comm = comm;
        made.cmdline = comm + '\0';
        made.start_ns = 1'000'000'000ULL * pid;
        by_pid_[pid] = &made;
        parents_[pid] = parent;
        usages_[pid] = cmd::ProcessUsage{.cpu_percent = pid / 10.0, .memory_bytes = 1024ULL * pid};
        return made;
    }
    void end(uint32_t pid) { usages_[pid] = cmd::ProcessUsage{.ended = true}; }

    // Sent and received in this interval, between port `pid` here and 10.0.0.`remote`:443. `pid` 0:
    // nobody, a packet of the kernel's.
    capture::CountedConversation& add(uint32_t pid, uint64_t out, uint64_t in, uint8_t remote = 1) {
        capture::CountedConversation& made = counts_.conversations.emplace_back();
        made.process = pid != 0 ? by_pid_.at(pid) : nullptr;
        made.via = pid != 0 ? packet::Via::kUnrecorded : packet::Via::kKernel;
        made.conversation.protocol = 6;
        made.conversation.local = {{127, 0, 0, 1}, 4};
        made.conversation.remote = {{10, 0, 0, remote}, 4};
        made.conversation.local_port = static_cast<uint16_t>(1000 + pid);
        made.conversation.remote_port = 443;
        made.out = {out > 0 ? 1U : 0U, out};
        made.in = {in > 0 ? 1U : 0U, in};
        counts_.out += made.out;
        counts_.in += made.in;
        return made;
    }

    // The interval is over; the next one has no packets yet.
    void end_interval(double seconds = 1) {
        counts_.seconds = seconds;
        traffic.add(
            counts_,
            [this](const packet::Process& process) -> std::optional<packet::Ancestry::Parent> {
                const auto parent = by_pid_.find(parents_.at(process.pid));
                if (parent == by_pid_.end()) {
                    return std::nullopt;
                }
                packet::Ancestry::Parent found;
                found.pid = parent->first;
                found.process = parent->second;
                return found;
            },
            [this](uint32_t process) { return usages_.at(process); });
        counts_ = {};
    }

    cmd::Traffic traffic;

  private:
    std::deque<packet::Process> processes_;
    std::map<uint32_t, const packet::Process*> by_pid_;
    std::map<uint32_t, uint32_t> parents_;
    std::map<uint32_t, std::optional<cmd::ProcessUsage>> usages_;
    capture::Counts counts_;
};

}  // namespace test
