// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/attribution.h"

#include <utility>

#include "forensics/source/recorded.h"
#include "packet/dissect/link.h"
#include "packet/dissect/pktap.h"
#include "pcapng/format.h"

namespace forensics {
namespace {

// More comments or bytes than these are forgotten, all at once.
constexpr size_t kMaxSpeeches = 8192;
constexpr size_t kMaxBytes = size_t{16} * 1024 * 1024;

// What is kept of Darwin process blocks: some 500,000.
constexpr size_t kMaxDarwin = size_t{32} * 1024 * 1024;

// Both ends are here, and a packet may be captured once: the direction doesn't tell whose end it
// is.
bool is_loopback(const Packet& packet) {
    if (packet.interface->name == "lo" || packet.interface->name == "lo0") {
        return true;
    }
    const uint16_t link_type = packet.interface->link_type;
    return packet::link_names_interface(link_type) &&
           packet::read_link(link_type, std::as_bytes(packet.data), packet.wire_length).loopback;
}

At at_off_loopback(const Packet& packet) {
    return is_loopback(packet) ? At::kUnknown : packet::at_by_direction(packet.direction);
}

}  // namespace

void Attribution::begin_section(const std::string& host) {
    ++section_;
    index_.begin_section();
    if (host_ != host) {
        host_ = host;
        forget_speeches();
    }
}

void Attribution::begin_file(const std::string& host) {
    ++section_;
    index_.begin_file();
    host_ = host;
    forget_speeches();  // the same start may be another process's
    darwin_.clear();
    darwin_bytes_ = 0;
}

void Attribution::darwin_process(const pcapng::DarwinProcessRead& block) {
    if (darwin_bytes_ >= kMaxDarwin) {  // a packet that refers to it has only what it says itself
        left_darwin_out_ = true;
        return;
    }
    Darwin& darwin = darwin_.emplace_back();
    darwin.pid = block.pid;
    darwin.comm = block.name;
    darwin.section = section_;
    darwin_bytes_ += sizeof(Darwin) + block.name.size();
}

void Attribution::process_information(const pcapng::ProcessInformationRead& block) {
    Process recorded = recorded_process(block);
    recorded.host = host_;
    if (Process* process = index_.describe(recorded)) {
        index_.learn(*process, recorded);
    }
}

void Attribution::journal(const pcapng::JournalRead& block) {
    if (std::optional<Process> recorded = recorded_process(block)) {
        if (recorded->host.empty()) {
            recorded->host = host_;
        }
        if (Process* process = index_.started(*recorded)) {
            index_.learn(*process, *recorded);
        }
    }
}

void Attribution::attribute(const pcapng::PacketRead& block, uint64_t comment_hash,
                            Packet& packet) {
    if (block.comment.data() != nullptr) {
        Speech& speech = speech_of(block, comment_hash);
        if (speech.told) {
            if (!speech.settled || speech.changes != index_.changes()) {
                settle(speech, packet);
            }
            packet.self = speech.ends[0];
            packet.peer = speech.ends[1];
            for (const End& end : speech.ends) {
                __builtin_prefetch(end.process);  // whoever gets the packet asks for its number
            }
            packet.self_at =
                speech.in_grammar
                    ? speech.at.value_or(packet::at_by_direction(flags_direction(&block)))
                    : at_off_loopback(packet);
            Process* self = speech.processes[0];
            if (Darwin* darwin = darwin_of(block);
                darwin != nullptr && self != nullptr && darwin->process != self &&
                darwin->section == section_ && darwin->pid == self->pid) {
                darwin->process = self;
            }
            return;
        }
    }
    if (!by_darwin(block, packet) && !by_option(block, packet)) {
        by_pktap(packet);
    }
}

void Attribution::attribute(Packet& packet) {
    by_pktap(packet);
}

// A Darwin process block that the packet points to; null: none, or it contradicts option 8.
Attribution::Darwin* Attribution::darwin_of(const pcapng::PacketRead& block) {
    if (!block.darwin_index || *block.darwin_index >= darwin_.size()) {
        return nullptr;
    }
    Darwin& darwin = darwin_[*block.darwin_index];
    return block.process && block.process->pid != darwin.pid ? nullptr : &darwin;
}

bool Attribution::by_darwin(const pcapng::PacketRead& block, Packet& packet) {
    Darwin* darwin = darwin_of(block);
    if (darwin == nullptr) {
        return false;
    }
    // Files that were joined byte by byte count each from 0: with another section's block only the
    // pid is sure, if option 8 has told it.
    if (darwin->section != section_ && block.process) {
        return false;
    }
    Process* process = darwin->process != nullptr
                           ? darwin->process
                           : index_.by_pid(host_, darwin->pid, packet.time_ns);
    if (process == nullptr) {
        return true;
    }
    Process recorded;
    recorded.comm = darwin->comm;
    index_.learn(*process, recorded);
    packet.self = {
        .process = process, .tid = block.process ? block.process->tid : 0, .uid = process->uid};
    packet.self_at =
        block.process ? at_off_loopback(packet) : packet::at_by_direction(packet.direction);
    return true;
}

bool Attribution::by_option(const pcapng::PacketRead& block, Packet& packet) {
    if (!block.process) {
        return false;
    }
    if (Process* process = index_.by_pid(host_, block.process->pid, packet.time_ns)) {
        packet.self = {.process = process, .tid = block.process->tid, .uid = process->uid};
        packet.self_at = at_off_loopback(packet);
    }
    return true;
}

// Apple's header names a packet's process, however the file is written.
void Attribution::by_pktap(Packet& packet) {
    const bool is_valid = packet.wire_length >= packet.data.size();
    if (!packet::is_pktap(packet.interface->link_type) || !is_valid) {
        return;
    }
    const auto pktap = packet::read_pktap(packet.interface->link_type,
                                          {std::as_bytes(packet.data), packet.wire_length});
    if (!pktap || !pktap->pid) {
        return;
    }
    Process recorded;
    recorded.pid = *pktap->pid;
    recorded.comm = pktap->comm;
    if (Process* process = index_.by_pid(host_, recorded.pid, packet.time_ns)) {
        index_.learn(*process, recorded);
        packet.self = {.process = process, .uid = process->uid};
        packet.self_at = at_off_loopback(packet);
    }
}

// Finds the processes that the speech tells of, and takes over what it tells of them. Who has a pid
// alone depends on the packet.
void Attribution::settle(Speech& speech, const Packet& packet) {
    speech.settled = true;
    const std::array<const packet::CommentEnd*, 2> recorded{&speech.recorded.self,
                                                            &speech.recorded.peer};
    for (size_t i = 0; i < recorded.size(); ++i) {
        speech.ends[i] = end_of(*recorded[i], speech.processes[i], speech.versions[i], packet);
    }
    for (size_t i = 0; i < recorded.size(); ++i) {
        const bool up_to_date =
            !recorded[i]->has_process ||
            (recorded[i]->process.start_ns != 0 && speech.processes[i] != nullptr &&
             speech.versions[i] == speech.processes[i]->version);
        speech.settled = speech.settled && up_to_date;
    }
    speech.changes = index_.changes();
}

End Attribution::end_of(const packet::CommentEnd& recorded, Process*& process, uint32_t& version,
                        const Packet& packet) {
    End end = {.tid = recorded.tid, .via = recorded.via, .uid = recorded.process.uid};
    if (!recorded.has_process) {
        return end;
    }
    if (recorded.process.start_ns == 0) {
        Process* found = index_.by_pid(recorded.process.host, recorded.process.pid, packet.time_ns);
        version = process == found ? version : 0;
        process = found;
    } else if (process == nullptr) {
        process = index_.started(recorded.process);
    }
    if (process == nullptr) {
        return {};
    }
    if (version != process->version) {
        index_.learn(*process, recorded.process);
        version = process->version;
    }
    end.process = process;
    return end;
}

void Attribution::forget_speeches() {
    single_ = {};
    several_ = {};
    speeches_.clear();
    kept_bytes_ = 0;
}

Attribution::Speech& Attribution::speech_of(const pcapng::PacketRead& block,
                                            uint64_t comment_hash) {
    if (speeches_.size() > kMaxSpeeches || kept_bytes_ > kMaxBytes) {
        forget_speeches();
    }
    Speech& speech = speech_in(single_, block.comment, comment_hash, nullptr);
    if (speech.told) {
        return speech;
    }
    // Another's comment: pidcap's may follow it, and ptcpdump writes several.
    const char* begin = block.comment.data();
    const char* end = begin + block.comment.size();
    for (const pcapng::Option& option : block.options) {
        if (option.code == pcapng::kOptComment) {
            end = option.text().data() + option.text().size();
        }
    }
    const std::string_view all(begin, static_cast<size_t>(end - begin));
    return speech_in(several_, all, hash_(all), &block.options);
}

// `all`: of all comments; null: of this one alone.
Attribution::Speech& Attribution::speech_in(Slots& slots, std::string_view text, uint64_t hash,
                                            const pcapng::Options* all) {
    Slot& slot = slots.find(hash);
    if (!slot.is_empty() && slot.speech->text == text) {
        return *slot.speech;
    }
    // Another text of the same hash, should there ever be one, is forgotten.
    const bool is_new = slot.is_empty();
    Speech& speech = speeches_.emplace_back();
    slot = {.key = hash, .speech = &speech};
    if (is_new) {
        slots.filled();
    }
    kept_bytes_ += 2 * text.size() + sizeof(Speech);  // as it is, and what it says
    speech.text = text;
    read(speech, all);
    return speech;
}

void Attribution::read(Speech& speech, const pcapng::Options* all) const {
    std::optional<packet::CommentEnds> ends;
    if (all == nullptr) {
        ends = packet::read_process_comment(speech.text);
    } else {
        for (auto option = all->begin(); option != all->end() && !ends; ++option) {
            if (option->code == pcapng::kOptComment) {
                ends = packet::read_process_comment(option->text());
            }
        }
    }
    speech.in_grammar = ends.has_value();
    if (!ends && all != nullptr) {
        ends = read_ptcpdump_comments(*all);
    }
    if (!ends && all != nullptr) {
        ends = read_rustnet_comment(*all);
    }
    if (ends) {
        for (packet::CommentEnd* end : {&ends->self, &ends->peer}) {
            if (end->process.host.empty()) {
                end->process.host = host_;
            }
        }
        speech.told = true;
        speech.at = ends->at;
        speech.recorded = std::move(*ends);
    }
}

}  // namespace forensics
