// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/process_index.h"

#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include "packet/process_fields.h"

namespace forensics {
namespace {

constexpr size_t kShortText = 64;

// A node of a set, and what a file tells of the process.
constexpr size_t kForSeveralFiles = 64;

// The text of a field that is no part of the identity; nullopt: another field.
std::optional<std::string_view> kept_text(const Process& process,
                                          const packet::ProcessField& field) {
    return field.member == packet::ProcessField::Member(&Process::host)
               ? std::nullopt
               : packet::text_of(process, field);
}

size_t text_bytes(const Process& process) {
    size_t bytes = 0;
    for (const packet::ProcessField& field : packet::process_fields()) {
        const auto text = kept_text(process, field);
        bytes += text ? text->size() : 0;
        if (text && !text->empty() &&
            std::holds_alternative<packet::RareText Process::*>(field.member)) {
            bytes += sizeof(std::string);
        }
    }
    return bytes;
}

// Gives back the room of a text, too.
void forget_text(Process& process, const packet::ProcessField& field) {
    packet::set_field(process, field, {});
    if (const auto* member = std::get_if<std::string Process::*>(&field.member)) {
        (process.**member).shrink_to_fit();
    }
}

}  // namespace

size_t ProcessIndex::Hash::operator()(const Key& key) const {
    const uint64_t host = key.host.empty() ? 0 : keyed(key.host);
    return keyed(std::array<uint64_t, 3>{key.start_ns, key.pid, host});
}

bool ProcessIndex::ByIdentity::operator()(const Process* a, const Process* b) const {
    return std::tie(a->pid, a->host, a->start_ns) < std::tie(b->pid, b->host, b->start_ns);
}

void ProcessIndex::begin_section() {
    if (!current_.empty()) {
        // clear() would go through the room that it once needed, in each section.
        current_ = decltype(current_)(0, hash_);
    }
}

void ProcessIndex::begin_file() {
    begin_section();
    if (file_++ > 0) {
        return;
    }
    for (const Process& process : processes_) {
        if (process.start_ns != 0) {
            by_identity_.insert(&process);
        }
    }
    named_.resize(processes_.size());
    identity_bytes_ += processes_.size() * kForSeveralFiles;
}

// Returns null if there is no room for another process.
Process* ProcessIndex::add(const std::string& host, uint32_t pid, uint64_t start_ns) {
    if (kept_bytes() >= kMaxKept) {
        left_processes_out_ = true;
        return nullptr;
    }
    Process& process = processes_.emplace_back();
    process.number = static_cast<uint32_t>(processes_.size() - 1);
    process.host = host;
    process.pid = pid;
    process.start_ns = start_ns;
    // With its slots; by pid alone its host is there again.
    identity_bytes_ += sizeof(Process) + 3 * sizeof(uint64_t) + 2 * host.size();
    identity_bytes_ += file_ > 0 ? kForSeveralFiles : 0;
    changed(process);
    return &process;
}

size_t ProcessIndex::kept_bytes() const {
    constexpr size_t kEachCurrent = sizeof(Key) + sizeof(Current) + 32;
    return identity_bytes_ + current_.size() * kEachCurrent + text_bytes_;
}

ProcessIndex::Place ProcessIndex::find_started(const Process& told) {
    const uint64_t hash = hash_({told.host, told.pid, told.start_ns});
    const size_t slot = started_.find(hash, [&](uint32_t number) {
        const Process& process = processes_[number];
        return process.pid == told.pid && process.start_ns == told.start_ns &&
               process.host == told.host;
    });
    const uint32_t number = started_.at(slot);
    Process* process = number == NumberIndex::kNone ? find_nearly(told) : &processes_[number];
    if (process != nullptr) {
        note_named(*process, told.start_ns);
    }
    return {hash, slot, process};
}

// Returns the process that another capture has told of with nearly this start; null: none. Of those
// that started last before and first after; should a pid come back as fast as that, the rest are
// different processes.
Process* ProcessIndex::find_nearly(const Process& told) {
    const auto after = by_identity_.lower_bound(&told);
    uint64_t least = kStartTolerance + 1;
    Process* nearest = nullptr;
    const auto look = [&](const Process& known) {
        if (known.pid != told.pid || known.host != told.host) {
            return;
        }
        const Named& named = named_[known.number];
        uint64_t apart = known.start_ns > told.start_ns ? known.start_ns - told.start_ns
                                                        : told.start_ns - known.start_ns;
        if (named.file == file_) {
            apart = named.start_ns == told.start_ns ? 0 : least;  // as before, or another process
        }
        if (apart < least) {
            least = apart;
            nearest = &processes_[known.number];
        }
    };
    if (after != by_identity_.end()) {
        look(**after);
    }
    if (after != by_identity_.begin()) {
        look(**std::prev(after));
    }
    return nearest;
}

void ProcessIndex::note_named(const Process& process, uint64_t start_ns) {
    if (file_ > 0) {
        named_.resize(processes_.size());
        named_[process.number] = {file_, start_ns};
    }
}

Process* ProcessIndex::put(const Place& place, Process* process) {
    if (process != nullptr) {
        started_.insert(place.slot, place.hash, process->number);
        note_named(*process, process->start_ns);
        if (file_ > 0) {
            by_identity_.insert(process);
        }
    }
    return process;
}

Process* ProcessIndex::started(const Process& told) {
    const Place place = find_started(told);
    return place.process != nullptr ? place.process
                                    : put(place, add(told.host, told.pid, told.start_ns));
}

Process* ProcessIndex::by_pid(const std::string& host, uint32_t pid,
                              std::optional<uint64_t> time_ns) {
    const auto found = current_.find(Key{host, pid, 0});
    if (found != current_.end()) {
        Process* process = found->second.process;
        const bool ended = process->end_ns && time_ns && *process->end_ns < *time_ns;
        if (!ended) {
            return process;
        }
        current_.erase(found);
    }
    Process* process = add(host, pid, 0);
    if (process != nullptr) {
        current_.emplace(Key{host, pid, 0}, Current{process, time_ns});
    }
    return process;
}

Process* ProcessIndex::describe(const Process& told) {
    const Key key{told.host, told.pid, 0};
    const auto known = current_.find(key);
    const bool without_start = known != current_.end() && known->second.process->start_ns == 0;
    Process* process = nullptr;
    if (told.start_ns == 0) {
        if (without_start) {
            return known->second.process;
        }
        process = add(told.host, told.pid, 0);
    } else {
        const Place place = find_started(told);
        process = place.process;
        // The block may follow the first packet of its process, which had only the pid.
        const bool same =
            without_start && known->second.first_ns && told.start_ns <= *known->second.first_ns;
        if (process == nullptr && same) {
            process = known->second.process;
            process->start_ns = told.start_ns;
            changed(*put(place, process));
        } else if (process == nullptr) {
            process = put(place, add(told.host, told.pid, told.start_ns));
        }
    }
    if (process == nullptr) {
        current_.erase(key);  // the pid isn't the process's that it was before
    } else {
        current_[key] = {process, std::nullopt};
    }
    return process;
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
        const auto told = kept_text(recorded, field);
        const auto known = kept_text(process, field);
        if (!told || told->size() <= kShortText || told == known) {
            continue;
        }
        is_changed = is_changed || !known->empty();
        forget_text(recorded, field);
        forget_text(process, field);
        left_texts_out_ = true;
    }
    return is_changed;
}

void ProcessIndex::changed(Process& process) {
    ++process.version;
    ++changes_;
}

}  // namespace forensics
