// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/process_index.h"

#include <array>
#include <utility>

#include "packet/process_fields.h"

namespace forensics {
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
    changed(process);
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
        changed(*found);
    } else if (found == nullptr) {
        found = &add(told.host, told.pid, told.start_ns);
    }
    current = {found, std::nullopt};
    return *found;
}

void ProcessIndex::learn(Process& process, const Process& recorded) {
    if (packet::update(process, recorded)) {
        changed(process);
    }
}

void ProcessIndex::changed(Process& process) {
    ++process.version;
    ++changes_;
}

}  // namespace forensics
