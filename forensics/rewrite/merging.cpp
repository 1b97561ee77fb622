// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/rewrite/merging.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "forensics/rewrite/section.h"
#include "forensics/source/final_processes.h"
#include "forensics/source/recorded.h"
#include "packet/process_comment.h"

namespace forensics {
namespace {

using pcapng::Error;
using pcapng::Result;

// Makes a comment for a packet that has none of pidcap's. Without one, its process couldn't be
// distinguished from a process of another host with the same pid. The comment hides what else the
// file carries of the process, so it says all of that itself.
class HostComment {
  public:
    HostComment(std::string path, FinalProcesses::Progress progress)
        : path_(std::move(path)), progress_(std::move(progress)) {}

    std::string_view of(const Packet& packet, const pcapng::PacketRead* block) {
        text_.clear();
        if (!packet.attributed() || has_pidcap_comment(block)) {
            return {};
        }
        if (!final_) {  // only now, because files of pidcap need no second look
            final_ = FinalProcesses::read(path_, progress_);
        }
        if (packet.self.process != nullptr) {
            append(packet.self, {});
        } else {
            packet::append_reason(text_, packet.self.via);
        }
        packet::append_at(text_, packet.self_at, flags_direction(block));
        if (packet.peer.process != nullptr) {
            append(packet.peer, packet::kPeerPrefix);
        }
        introduce(packet.self, {});
        introduce(packet.peer, packet::kPeerPrefix);
        return text_;
    }

  private:
    struct Introduced {
        uint64_t start_ns = 0;  // as its first comment has it: part of its identity
        uint32_t version = 0;
        std::optional<uint32_t> uid;
    };

    Process process_of(const End& end) {
        const Process known = final_->completed(*end.process);
        End completed = end;
        completed.process = &known;
        Process process = packet::process_as_of(completed);
        process.start_ns =
            introduced_.try_emplace(process.number, Introduced{process.start_ns, 0, {}})
                .first->second.start_ns;
        return process;
    }
    void append(const End& end, std::string_view prefix) {
        packet::append_process(text_, process_of(end), end.tid, end.via, prefix);
    }
    // In the process's first comment, and when more is known of it.
    void introduce(const End& end, std::string_view prefix) {
        if (end.process == nullptr) {
            return;
        }
        const Process process = process_of(end);
        Introduced& introduced = introduced_[process.number];
        if (introduced.version != process.version || introduced.uid != process.uid) {
            introduced.version = process.version;
            introduced.uid = process.uid;
            packet::append_introduction(text_, process, prefix);
        }
    }

    std::string path_;
    FinalProcesses::Progress progress_;
    std::optional<FinalProcesses> final_;
    std::unordered_map<uint32_t, Introduced> introduced_;  // by number
    std::string text_;
};

}  // namespace

void Merging::Input::next() {
    packet = file->next();
    if (has_packet()) {
        time_ns = (*packet)->time_ns.value_or(time_ns);
    }
}

Result<Merging> Merging::open(std::span<const HostFile> files, const KeyProgress& progress) {
    Merging merging;
    for (const HostFile& from : files) {
        auto file = InputFile::open(from.path);
        if (!file) {
            return std::move(file).error();
        }
        Input& input = merging.inputs_.emplace_back();
        input.file = *std::move(file);
        input.path = from.path;
        input.host = from.host;
        input.file->read_keys_ahead([&](uint64_t bytes) { progress(from.path, bytes); });
        input.next();
        if (!input.packet && input.file->source().interfaces().empty()) {
            return std::move(input.packet).error();
        }
    }
    return merging;
}

Merging::Input* Merging::earliest() {
    Input* first = nullptr;
    for (Input& input : inputs_) {
        if (input.has_packet() && (first == nullptr || input.time_ns < first->time_ns)) {
            first = &input;
        }
    }
    return first;
}

Result<packet::PacketCount> Merging::write(
    pcapng::Output output, const std::function<void(const Source& from)>& progress) {
    std::vector<Host> hosts;
    for (const Input& input : inputs_) {
        hosts.push_back({input.host, *input.file});
    }
    auto rewriter = Rewriter::create(std::move(output), section_of(hosts));
    if (!rewriter) {
        return std::move(rewriter).error();
    }
    std::vector<HostComment> comments;
    for (Input& input : inputs_) {
        comments.emplace_back(input.path, progress);
        rewriter->add_input(*input.file, {.all_packets = true, .host = input.host});
    }
    packet::PacketCount count;
    while (Input* input = earliest()) {
        progress(input->file->source());
        const Packet& packet = **input->packet;
        const auto number = static_cast<size_t>(input - inputs_.data());
        auto written =
            rewriter->packet(number, packet, comments[number].of(packet, input->file->block()));
        if (!written) {
            return written.error();
        }
        count.add(packet);
        input->next();
    }
    if (auto finished = rewriter->finish(); !finished) {
        return finished.error();
    }
    left_out_ = rewriter->left_out();
    keys_ = rewriter->keys();
    return count;
}

void Merging::each_source(const std::function<void(const Source& source)>& look) const {
    for (const Input& input : inputs_) {
        look(input.file->source());
    }
}

std::vector<std::string> Merging::left_texts_out() const {
    std::vector<std::string> names;
    for (const Input& input : inputs_) {
        if (input.file->source().left_texts_out()) {
            names.push_back(input.file->source().name());
        }
    }
    return names;
}

std::vector<Error> Merging::problems() const {
    std::vector<Error> problems;
    for (const Input& input : inputs_) {
        if (!input.packet) {
            problems.push_back(input.packet.error());
        }
    }
    return problems;
}

}  // namespace forensics
