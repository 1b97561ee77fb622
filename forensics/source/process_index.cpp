// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/process_index.h"

#include <array>
#include <utility>

namespace forensics {
namespace {

// True if it changed.
bool take(std::string& known, const std::string& told) {
    if (told.empty() || known == told) {
        return false;
    }
    known = told;
    return true;
}

template <typename Number>
bool take(Number& known, Number told) {
    if (told == Number{} || known == told) {
        return false;
    }
    known = told;
    return true;
}

template <typename Number>
bool take(std::optional<Number>& known, const std::optional<Number>& told) {
    if (!told || known == told) {
        return false;
    }
    known = told;
    return true;
}

}  // namespace

size_t ProcessIndex::Hash::operator()(const Key& key) const {
    const uint64_t host = key.host.empty() ? 0 : keyed(key.host);
    return keyed(std::array<uint64_t, 3>{key.start_ns, key.pid, host});
}

void ProcessIndex::begin_section() {
    current_.clear();
}

Process& ProcessIndex::add(const std::string& host, uint32_t pid, uint64_t start_ns) {
    Process& process = processes_.emplace_back();
    process.number = static_cast<uint32_t>(processes_.size() - 1);
    process.host = host;
    process.pid = pid;
    process.start_ns = start_ns;
    versions_.push_back(1);
    return process;
}

Process& ProcessIndex::started(const Process& told) {
    Process*& found = started_[Key{told.host, told.pid, told.start_ns}];
    if (found == nullptr) {
        found = &add(told.host, told.pid, told.start_ns);
    }
    return *found;
}

Process& ProcessIndex::by_pid(const std::string& host, uint32_t pid,
                              std::optional<uint64_t> time_ns) {
    Current& current = current_[Key{host, pid, 0}];
    const bool ended = current.process != nullptr && current.process->end_ns && time_ns &&
                       *current.process->end_ns < *time_ns;
    if (current.process == nullptr || ended) {
        current = {&add(host, pid, 0), time_ns};
    }
    return *current.process;
}

Process& ProcessIndex::describe(const Process& told) {
    Current& current = current_[Key{told.host, told.pid, 0}];
    if (told.start_ns == 0) {
        if (current.process == nullptr || current.process->start_ns != 0) {
            current = {&add(told.host, told.pid, 0), std::nullopt};
        }
        return *current.process;
    }
    Process*& found = started_[Key{told.host, told.pid, told.start_ns}];
    // The block may follow the first packet of its process, which had only the pid.
    const bool same = current.process != nullptr && current.process->start_ns == 0 &&
                      current.first_ns && told.start_ns <= *current.first_ns;
    if (found == nullptr && same) {
        found = current.process;
        found->start_ns = told.start_ns;
        ++versions_[found->number];
    } else if (found == nullptr) {
        found = &add(told.host, told.pid, told.start_ns);
    }
    current = {found, std::nullopt};
    return *found;
}

void ProcessIndex::learn(Process& process, const Process& told) {
    bool changed = take(process.comm, told.comm);
    changed |= take(process.exe, told.exe);
    changed |= take(process.uid, told.uid);
    changed |= take(process.end_ns, told.end_ns);
    changed |= take(process.ppid, told.ppid);
    changed |= take(process.cmdline, told.cmdline);
    changed |= take(process.parent_comm, told.parent_comm);
    changed |= take(process.user, told.user);
    changed |= take(process.cgroup, told.cgroup);
    changed |= take(process.container, told.container);
    changed |= take(process.unit, told.unit);
    changed |= take(process.netns, told.netns);
    changed |= take(process.nspid, told.nspid);
    if (changed) {
        ++versions_[process.number];
    }
}

}  // namespace forensics
