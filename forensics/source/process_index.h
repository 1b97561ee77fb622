// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessIndex: which process is meant, and what has been told of it. Identity is host, pid and
// start; where no start is told, section and pid. Two starts of one file are never one process; of
// two files they are if they are as near as two captures may tell them. Owns the processes. One
// thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "forensics/number_index.h"
#include "forensics/packet_types.h"
#include "packet/keyed_hash.h"

namespace forensics {

class ProcessIndex {
  public:
    ProcessIndex() = default;
    ProcessIndex(const ProcessIndex&) = delete;
    ProcessIndex& operator=(const ProcessIndex&) = delete;

    // What is told by pid alone holds for the section that tells it.
    void begin_section();
    // The first section of another file, which may be another capture of the same hosts.
    void begin_file();
    // How far apart two captures may tell the start of a process: one to the nanosecond, the other
    // cut to a clock tick of 10 ms, and each with its own reading of the clocks.
    static constexpr uint64_t kStartTolerance = 11'000'000;

    // All of these return null for a process that would be one too many, see kMaxKept.
    // With a start.
    Process* started(const Process& told);
    // By pid alone: the process that process information told of last, unless it has ended since;
    // else the section's process of this pid without a start. `time_ns`: of the packet, if it has
    // one.
    Process* by_pid(const std::string& host, uint32_t pid, std::optional<uint64_t> time_ns);
    // What a process information block tells: a process, and whom the pid means from now on.
    Process* describe(const Process& told);

    // Takes over what is recorded of the process; what was known before stays where nothing is.
    void learn(Process& process, const Process& recorded);
    // Grows with every change of any process.
    const uint64_t& changes() const { return changes_; }

    // The most bytes of texts that are kept; beyond, only short ones are.
    static constexpr size_t kMaxTexts = size_t{32} * 1024 * 1024;
    // Whether longer ones were left out.
    bool left_texts_out() const { return left_texts_out_; }
    // How much is kept, in bytes that are estimated: some 200,000 processes. Later ones are left
    // out: which process is meant isn't known then, so none is.
    static constexpr size_t kMaxKept = size_t{96} * 1024 * 1024;
    bool left_processes_out() const { return left_processes_out_; }

    const std::deque<Process>& processes() const { return processes_; }
    // For who needs nothing else any more.
    std::deque<Process> take_processes() { return std::move(processes_); }

  private:
    struct Key {
        std::string host;
        uint32_t pid = 0;
        uint64_t start_ns = 0;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        size_t operator()(const Key& key) const;
        packet::KeyedHash keyed;
    };
    struct Current {
        Process* process = nullptr;
        std::optional<uint64_t> first_ns;  // of the first packet that named it by pid alone
    };
    // Where a process with a start is, by host, pid and start; else where it belongs.
    struct Place {
        uint64_t hash = 0;
        size_t slot = 0;
        Process* process = nullptr;
    };
    Place find_started(const Process& told);
    Process* find_nearly(const Process& told);
    void note_named(const Process& process, uint64_t start_ns);
    Process* put(const Place& place, Process* process);
    size_t kept_bytes() const;
    bool leave_texts_out(Process& process, Process& recorded);
    void changed(Process& process);
    Process* add(const std::string& host, uint32_t pid, uint64_t start_ns);

    struct ByIdentity {
        bool operator()(const Process* a, const Process* b) const;
    };
    // The start that a file tells of a process.
    struct Named {
        uint32_t file = 0;
        uint64_t start_ns = 0;
    };

    std::deque<Process> processes_;
    uint32_t file_ = 0;  // from 0
    // Only with a second file: the processes with a start, and by number what the latest file that
    // had the process told of it.
    std::set<const Process*, ByIdentity> by_identity_;
    std::vector<Named> named_;
    uint64_t changes_ = 0;
    size_t text_bytes_ = 0;
    size_t identity_bytes_ = 0;
    bool left_texts_out_ = false;
    bool left_processes_out_ = false;
    Hash hash_;
    NumberIndex started_;
    std::unordered_map<Key, Current, Hash> current_;  // of the section, start 0
};

}  // namespace forensics
