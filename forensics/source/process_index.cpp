// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/process_index.h"

#include <array>
#include <utility>
#include <variant>

#include "packet/process_fields.h"

namespace forensics {
namespace {

constexpr size_t kShortText = 64;

// The member of a text that is no part of the identity; null: another field.
std::string Process::*text_of(const packet::ProcessField& field) {
    const auto* member = std::get_if<std::string Process::*>(&field.member);
    return member != nullptr && *member != &Process::host ? *member : nullptr;
}

size_t text_bytes(const Process& process) {
    size_t bytes = 0;
    for (const packet::ProcessField& field : packet::process_fields()) {
        if (const auto member = text_of(field)) {
            bytes += (process.*member).size();
        }
    }
    return bytes;
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
    // It is in both tables, each with its host.
    identity_bytes_ += sizeof(Process) + 2 * (sizeof(Key) + sizeof(Current) + 32) + 3 * host.size();
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
    const size_t before = text_bytes(process);
    bool is_changed = false;
    if (text_bytes_ + text_bytes(recorded) > kMaxTexts) {
        Process shortened = recorded;
        is_changed = leave_texts_out(process, shortened);
        is_changed = packet::update(process, shortened) || is_changed;
    } else {
        is_changed = packet::update(process, recorded);
    }
    if (is_changed) {
        text_bytes_ += text_bytes(process);
        text_bytes_ -= before;
        changed(process);
    }
}

// Clears the long texts of what is recorded, and those that they would have replaced. Returns
// whether the process changed.
bool ProcessIndex::leave_texts_out(Process& process, Process& recorded) {
    bool is_changed = false;
    for (const packet::ProcessField& field : packet::process_fields()) {
        const auto member = text_of(field);
        if (member == nullptr || (recorded.*member).size() <= kShortText ||
            recorded.*member == process.*member) {
            continue;
        }
        (recorded.*member).clear();
        is_changed = is_changed || !(process.*member).empty();
        (process.*member).clear();
        (process.*member).shrink_to_fit();
        left_texts_out_ = true;
    }
    return is_changed;
}

void ProcessIndex::changed(Process& process) {
    ++process.version;
    ++changes_;
}

}  // namespace forensics
