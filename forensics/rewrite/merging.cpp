// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/rewrite/merging.h"

#include <string_view>
#include <utility>

#include "forensics/rewrite/rewriter.h"
#include "forensics/rewrite/section.h"
#include "forensics/source/recorded.h"
#include "packet/process_comment.h"

namespace forensics {
namespace {

using pcapng::Error;
using pcapng::Result;

// Makes a comment for a packet that has none of pidcap's. Without one, its process couldn't be
// distinguished from a process of another host with the same pid.
class HostComment {
  public:
    std::string_view of(const Packet& packet, const pcapng::PacketRead* block) {
        text_.clear();
        if (!packet.attributed() || has_pidcap_comment(block)) {
            return {};
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
        return text_;
    }

  private:
    void append(const End& end, std::string_view prefix) {
        packet::append_process(text_, packet::process_as_of(end), end.tid, end.via, prefix);
    }

    std::string text_;
};

}  // namespace

void Merging::Input::next() {
    packet = file->next();
    if (has_packet()) {
        time_ns = (*packet)->time_ns.value_or(time_ns);
    }
}

Result<Merging> Merging::open(std::span<const HostFile> files) {
    Merging merging;
    for (const HostFile& from : files) {
        auto file = InputFile::open(from.path);
        if (!file) {
            return std::move(file).error();
        }
        Input& input = merging.inputs_.emplace_back();
        input.file = *std::move(file);
        input.host = from.host;
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

Result<uint64_t> Merging::write(pcapng::Output output,
                                const std::function<void(const Source& from)>& progress) {
    std::vector<Host> hosts;
    for (const Input& input : inputs_) {
        hosts.push_back({input.host, *input.file});
    }
    auto rewriter = Rewriter::create(std::move(output), section_of(hosts));
    if (!rewriter) {
        return std::move(rewriter).error();
    }
    HostComment comment;
    for (Input& input : inputs_) {
        rewriter->add_input(*input.file, {.all_packets = true, .host = input.host});
    }
    while (Input* input = earliest()) {
        progress(input->file->source());
        const Packet& packet = **input->packet;
        const auto number = static_cast<size_t>(input - inputs_.data());
        auto written = rewriter->packet(number, packet, comment.of(packet, input->file->block()));
        if (!written) {
            return written.error();
        }
        input->next();
    }
    if (auto finished = rewriter->finish(); !finished) {
        return finished.error();
    }
    return rewriter->packets();
}

void Merging::each_source(const std::function<void(const Source& source)>& look) const {
    for (const Input& input : inputs_) {
        look(input.file->source());
    }
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
