// SPDX-License-Identifier: GPL-2.0-only
//
// A ProcessTable over a FakeProc, and the events and owners that the kernel's programs would make.
#pragma once

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "capture/processes/process_table.h"
#include "tests/support/fake_proc.h"

namespace test {

constexpr uint64_t kTick = 10'000'000;  // ns
constexpr uint64_t kSecond = 1'000'000'000;

inline void set_comm(char (&to)[PIDCAP_COMM_LEN], std::string_view comm) {
    std::memset(to, 0, sizeof(to));
    std::memcpy(to, comm.data(), std::min(comm.size(), sizeof(to)));
}

// Starts are given in ticks, and fall into the middle of one.
inline pidcap_event make_event(pidcap_event_type type, uint32_t pid, uint64_t start_ticks,
                               uint32_t ppid, std::string_view comm) {
    pidcap_event event{};
    event.type = type;
    event.tgid = pid;
    event.start_boot = start_ticks * kTick + kTick / 2;
    event.ppid = ppid;
    set_comm(event.comm, comm);
    return event;
}

// The event, at a time.
inline pidcap_event at(uint64_t time_mono, pidcap_event event) {
    event.time_mono = time_mono;
    return event;
}

inline pidcap_owner make_owner(uint32_t pid, uint64_t start_ticks, std::string_view comm,
                               uint32_t uid = 0) {
    pidcap_owner owner{};
    owner.tgid = pid;
    owner.tid = pid;
    owner.start_boot = start_ticks * kTick + kTick / 2;
    owner.uid = uid;
    owner.gid = uid;  // as in FakeProc
    set_comm(owner.comm, comm);
    return owner;
}

// The key of the owner, whose start is exact.
inline capture::ProcessKey key_of(const pidcap_owner& owner) {
    return {owner.tgid, owner.start_boot / kTick, owner.start_boot};
}

inline capture::ProcessTable make_table(const FakeProc& proc,
                                        capture::ProcessTableOptions options = {}) {
    options.proc_root = proc.root();
    auto table = capture::ProcessTable::open(options, capture::CgroupTree());
    REQUIRE(table.ok());
    return *std::move(table);
}

// Whether the table takes the process for ended.
inline bool has_exited(const capture::ProcessTable& table, const packet::Process& process) {
    return table.find_live(process.pid) != &process;
}

// The process's parent, or null where the table knows nothing of it but what its child says.
inline const packet::Process* parent(capture::ProcessTable& table, const packet::Process& process) {
    const auto found = table.parent_of(process);
    return found ? found->process : nullptr;
}

inline void apply(capture::ProcessTable& table, const pidcap_event& event) {
    table.apply(event, {});
}

inline void apply_exec(capture::ProcessTable& table, pidcap_event event, std::string_view path,
                       std::string_view args) {
    event.path_len = static_cast<uint16_t>(path.size());
    event.args_len = static_cast<uint16_t>(args.size());
    const std::string both = std::string(path) + std::string(args);
    table.apply(event, std::as_bytes(std::span(both)));
}

}  // namespace test
