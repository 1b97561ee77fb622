// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/rewrite/split_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace forensics {
namespace {

using pcapng::Output;
using pcapng::Result;

constexpr size_t kNameMax = 64;                 // of a part of a file's name
constexpr size_t kContainerMax = 12;            // as container tools shorten an id
constexpr std::string_view kOthers = "others";  // also its key, which no process can have

// Makes text that a process chose safe for a file name: no slash, no blank, no escape sequence.
std::string safe(std::string_view text, size_t max) {
    std::string name(text.substr(0, max));
    std::replace_if(
        name.begin(), name.end(),
        [](char c) {
            return !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     c == '.' || c == '_' || c == '-');
        },
        '_');
    return name;
}

}  // namespace

std::optional<uint32_t> SplitFiles::user_id(const End& end) const {
    const auto uid = uid_of(end);
    const Process* known = uid ? nullptr : processes_.find(*end.process);
    return known == nullptr ? uid : known->uid;
}

const std::string& SplitFiles::container_of(const Process& process) const {
    const Process* known = process.container.empty() ? processes_.find(process) : nullptr;
    return known == nullptr ? process.container : known->container;
}

// Ends with the same key belong together.
std::string SplitFiles::key_of(const End& end) const {
    if (end.process == nullptr) {
        return {};
    }
    const Process& process = *end.process;
    switch (by_) {
        case SplitBy::kContainer:
            return fmt::format("{}\n{}", process.host, container_of(process));
        case SplitBy::kUser: {
            const auto uid = user_id(end);
            return fmt::format("{}\n{}", process.host, uid ? std::to_string(*uid) : "");
        }
        case SplitBy::kProcess:
            break;
    }
    return fmt::format("{}", process.number);
}

std::string SplitFiles::name_of(const End& end) const {
    if (end.process == nullptr) {
        return "unattributed";
    }
    const Process process = processes_.completed(*end.process);
    std::string name;
    switch (by_) {
        case SplitBy::kContainer:
            name = process.container.empty()
                       ? "no-container"
                       : "container-" + safe(process.container, kContainerMax);
            break;
        case SplitBy::kUser: {
            const auto uid = user_id(end);
            const bool is_named = uid && uid == process.uid && !process.user.empty();
            name = !uid
                       ? "no-user"
                       : "user-" + (is_named ? safe(process.user, kNameMax) : std::to_string(*uid));
            break;
        }
        case SplitBy::kProcess:
            name = fmt::format("{}-{}", process.pid,
                               process.comm.empty() ? "unnamed" : safe(process.comm, kNameMax));
            break;
    }
    // No leading dot or dash, whatever the host is called.
    return process.host == input_.source().host()
               ? name
               : "host-" + safe(process.host, kNameMax) + "-" + name;
}

// Returns key_of(), or the key of the file for those that find no place of their own.
std::string SplitFiles::file_key(const End& end) const {
    std::string key = key_of(end);
    const bool has_place = key.empty() || files_.count(key) > 0 || files_.size() < max_files_;
    return has_place ? key : std::string(kOthers);
}

std::string SplitFiles::others() const {
    const auto found = files_.find(kOthers);
    return found == files_.end() ? std::string() : found->second.name;
}

Rewriter::Keys SplitFiles::keys() const {
    Rewriter::Keys sum;
    for (const auto& [key, file] : files_) {
        if (file.rewriter != nullptr) {
            sum.lines += file.rewriter->keys().lines;
            sum.late += file.rewriter->keys().late;
        }
    }
    return sum;
}

Rewriter::LeftOut SplitFiles::left_out() const {
    Rewriter::LeftOut sum;
    for (const auto& [key, file] : files_) {
        if (file.rewriter != nullptr) {
            sum.blocks += file.rewriter->left_out().blocks;
            sum.comments += file.rewriter->left_out().comments;
            // Of the one input, the same in each.
            sum.keys = file.rewriter->left_out().keys;
        }
    }
    return sum;
}

// A pid may be reused by a process of the same name, and safe() may map different names to one.
std::string SplitFiles::unused_name(const End& end) {
    constexpr uint64_t kSecond = 2;
    const std::string name = name_of(end);
    const auto [known, fresh] = names_.emplace(name, kSecond);
    if (fresh) {
        return name;
    }
    uint64_t& number = known->second;  // stays where it is
    if (by_ == SplitBy::kProcess && end.process != nullptr && end.process->start_ns != 0) {
        std::string with_start = fmt::format("{}-{}", name, end.process->start_ns);
        if (names_.emplace(with_start, kSecond).second) {
            return with_start;
        }
    }
    while (true) {
        std::string numbered = fmt::format("{}-{}", name, number++);
        if (names_.emplace(numbered, kSecond).second) {
            return numbered;
        }
    }
}

Result<void> SplitFiles::packet(const Packet& packet) {
    if (!packet.attributed()) {
        return write(file_key(packet.self), packet.self, packet);
    }
    std::string self_key;
    const bool has_self = packet.self.process != nullptr;
    if (has_self) {
        self_key = file_key(packet.self);
        if (auto written = write(self_key, packet.self, packet); !written) {
            return written;
        }
    }
    if (packet.peer.process == nullptr) {
        return {};
    }
    const std::string peer_key = file_key(packet.peer);
    return !has_self || peer_key != self_key ? write(peer_key, packet.peer, packet)
                                             : Result<void>{};
}

Result<void> SplitFiles::write(const std::string& key, const End& end, const Packet& packet) {
    const auto file = open(key, end);
    return file ? (*file)->rewriter->packet(0, packet) : Result<void>(file.error());
}

Result<SplitFiles::File*> SplitFiles::open(const std::string& key, const End& end) {
    File& file = files_[key];
    if (file.is_open) {
        open_.splice(open_.end(), open_, file.place);
        return &file;
    }
    if (auto closed = make_room(); !closed) {
        return closed.error();
    }
    const bool is_new = file.rewriter == nullptr;
    if (is_new) {
        file.name = (key == kOthers ? std::string(kOthers) : unused_name(end)) + ".pcapng";
    }
    Result<Output> output = open_file_(file.name, is_new ? Open::kNew : Open::kAgain);
    if (!output) {
        return std::move(output).error();
    }
    if (is_new) {
        auto rewriter = Rewriter::create(*std::move(output), input_, {});
        if (!rewriter) {
            return std::move(rewriter).error();
        }
        file.rewriter = std::make_unique<Rewriter>(*std::move(rewriter));
    } else {
        file.rewriter->resume(*std::move(output));
    }
    file.is_open = true;
    file.place = open_.insert(open_.end(), &file);
    return &file;
}

Result<void> SplitFiles::make_room() {
    if (open_.size() < kMaxOpen) {
        return {};
    }
    File* oldest = open_.front();
    open_.pop_front();
    oldest->is_open = false;
    return oldest->rewriter->suspend();
}

Result<void> SplitFiles::finish() {
    for (auto& [key, file] : files_) {
        if (file.rewriter == nullptr) {  // its creation failed
            continue;
        }
        const auto opened = open(key, {});
        if (!opened) {
            return opened.error();
        }
        if (auto finished = file.rewriter->finish(); !finished) {
            return finished;
        }
        open_.erase(file.place);
        file.is_open = false;
    }
    return {};
}

}  // namespace forensics
