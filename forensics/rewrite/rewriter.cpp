// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/rewrite/rewriter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "forensics/rewrite/journal_copy.h"
#include "forensics/rewrite/option_copy.h"
#include "forensics/rewrite/section.h"
#include "packet/line/terminal_text.h"
#include "packet/process_comment.h"
#include "pcapng/format.h"
#include "pcapng/text.h"

namespace forensics {
namespace {

using pcapng::ByteOrder;
using pcapng::Error;
using pcapng::Option;
using pcapng::PacketRead;
using pcapng::Result;

bool names_host(const PacketRead* block) {
    if (block == nullptr) {
        return false;
    }
    return std::any_of(block->options.begin(), block->options.end(), [](const Option& option) {
        const auto comment = option.code == pcapng::kOptComment
                                 ? packet::parse_comment(option.text())
                                 : std::nullopt;
        return comment && comment->find(packet::kHostKey);
    });
}

}  // namespace

Result<Rewriter> Rewriter::create(pcapng::Output output, const pcapng::SectionInfo& section) {
    auto writer = pcapng::Writer::create(std::move(output), section);
    if (!writer) {
        return std::move(writer).error();
    }
    return Rewriter(*std::move(writer));
}

Result<Rewriter> Rewriter::create(pcapng::Output output, InputFile& input,
                                  const RewriteOptions& options) {
    auto rewriter = create(std::move(output), section_of(input));
    if (rewriter) {
        rewriter->add_input(input, options);
    }
    return rewriter;
}

size_t Rewriter::add_input(InputFile& file, const RewriteOptions& options) {
    inputs_.emplace_back(file, options);
    return inputs_.size() - 1;
}

Result<void> Rewriter::packet(size_t input_number, const Packet& packet, std::string_view comment) {
    Input& input = inputs_[input_number];
    if (auto taken = take_blocks(input); !taken) {
        return taken;
    }
    const auto id = interface(input, *packet.interface, input.file->block());
    if (!id) {
        return id.error();
    }
    options_.clear();
    if (auto copied = options(input, packet); !copied) {
        return copied;
    }
    if (!comment.empty()) {
        options_.option(pcapng::kOptComment, packet::cut_comment(completed(input, packet, comment),
                                                                 pcapng::kMaxOptionSize));
    }
    if (options_.size() > 0) {
        options_.end_of_options();
    }
    for (const End* end : {&packet.self, &packet.peer}) {
        if (auto apart = tell_apart(input, packet, *end); !apart) {
            return apart;
        }
        keep(input, end->process);
    }
    // Unless the input itself has it so: before the file's first packet a journal entry or
    // process information would upset the relative times of Wireshark 4.0.
    if (packets_ > 0 || input.options.all_packets) {
        if (auto written = write_due(input); !written) {
            return written;
        }
    }
    if (auto written = write(input, packet, *id); !written) {
        return written;
    }
    input.interfaces[packet.interface->number].packets++;
    packets_++;
    return packets_ == 1 ? write_due(input) : Result<void>{};
}

Result<void> Rewriter::finish() {
    const bool no_interface = std::all_of(inputs_.begin(), inputs_.end(), [](const Input& input) {
        return input.interfaces.empty();
    });
    for (Input& input : inputs_) {
        if (no_interface) {  // tcpdump refuses a file without any
            for (const Interface& known : input.file->source().interfaces()) {
                if (const auto id = interface(input, known, nullptr); !id) {
                    return id.error();
                }
            }
        }
        if (auto taken = take_blocks(input); !taken) {
            return taken;
        }
        if (auto written = write_due(input); !written) {
            return written;
        }
    }
    return writer_.close();
}

// Returns the interface's number in the output. Writes its description first, if it is new.
Result<uint32_t> Rewriter::interface(Input& input, const Interface& interface,
                                     const PacketRead* first_packet) {
    if (interface.number >= input.interfaces.size()) {
        input.interfaces.resize(interface.number + 1);
    }
    std::optional<uint32_t>& id = input.interfaces[interface.number].id;
    if (id) {
        return *id;
    }
    const CarriedInterface* carried = input.file->interface(interface.number);
    std::string name = carried != nullptr ? carried->name : std::string();
    if (!input.options.host.empty() && !names_host(first_packet)) {
        name = pcapng::shown_text(input.options.host) + (name.empty() ? "" : "/") + name;
    }
    body_.clear();
    if (!name.empty()) {
        body_.option(pcapng::kIfName, pcapng::cut_utf8(name, pcapng::kMaxOptionSize));
    }
    if (carried != nullptr) {
        body_.bytes(carried->options);
    }
    body_.option(pcapng::kIfTsresol, std::array{pcapng::kTsresolNanoseconds});
    body_.end_of_options();
    const auto added = writer_.add_interface(
        {.link_type = interface.link_type, .snaplen = interface.snaplen}, body_.view());
    if (added) {
        id = *added;
    }
    return added;
}

// Takes every block that the input has read since the last call.
Result<void> Rewriter::take_blocks(Input& input) {
    InputFile& file = *input.file;
    input.next_block = std::max(input.next_block, file.first_block());
    for (; input.next_block < file.end_block(); input.next_block++) {
        if (auto taken = take(input, input.next_block); !taken) {
            return taken;
        }
    }
    return {};
}

Result<void> Rewriter::take(Input& input, uint64_t number) {
    const CarriedBlock& block = input.file->carried(number);
    switch (block.of) {
        case CarriedBlock::Of::kFile:
            return writer_.block(block.type, block.body);
        case CarriedBlock::Of::kInterface:
            return statistics(input, block);
        case CarriedBlock::Of::kProcess:
            break;
    }
    const Process* owner = input.options.all_packets ? nullptr : input.file->owner(block);
    if (input.options.all_packets ||
        (owner != nullptr && input.processes.count(owner->number) > 0)) {
        input.due.push_back(number);
    }
    return {};
}

Result<void> Rewriter::statistics(const Input& input, const CarriedBlock& block) {
    if (block.interface >= input.interfaces.size() || !input.interfaces[block.interface].id) {
        return {};
    }
    const WrittenInterface& interface = input.interfaces[block.interface];
    body_.clear();
    body_.u32(*interface.id);
    body_.bytes(interface.packets == block.packets ? block.body : block.body_of_a_part);
    return writer_.block(block.type, body_.view());
}

// Another tool's packet may record a pid without a start time. The output is one section, so a pid
// that was another process in an earlier section would be taken for that process: that is an error.
Result<void> Rewriter::tell_apart(Input& input, const Packet& packet, const End& end) {
    if (end.process == nullptr || end.via != Via::kUnrecorded) {
        return {};
    }
    const Named now{end.process->number, input.file->current_section()};
    Named& known = input.by_pid.try_emplace(end.process->pid, now).first->second;
    if (known.process != now.process && known.section != now.section) {
        return pcapng::Error{fmt::format(
            "{}: packet {}: pid {} is another process than in an earlier section, and neither "
            "has a start time: split the file into its sections first",
            packet::printable(input.file->source().name()), packet.number, end.process->pid)};
    }
    known = now;
    return {};
}

// The process has a packet in this file, so its blocks up to now must be written.
void Rewriter::keep(Input& input, const Process* process) {
    if (process == nullptr || !input.processes.try_emplace(process->number).second ||
        input.options.all_packets) {
        return;
    }
    for (const uint64_t number : input.file->blocks_of(process->pid)) {
        if (number < input.next_block &&
            input.file->owner(input.file->carried(number)) == process) {
            input.due.push_back(number);
        }
    }
}

Result<void> Rewriter::write_due(Input& input) {
    if (input.due.empty()) {
        return {};
    }
    std::sort(input.due.begin(), input.due.end());
    for (const uint64_t number : input.due) {
        if (number < input.file->first_block() || !input.written.insert(number).second) {
            continue;
        }
        const CarriedBlock& block = input.file->carried(number);
        std::span<const uint8_t> body = block.body;
        if (block.type == pcapng::kJournalExportBlock && !input.options.host.empty()) {
            body_.clear();
            copy_journal_entry(body_, body, input.options.host);
            body = body_.view();
        }
        if (auto written = writer_.block(block.type, body); !written) {
            return written;
        }
    }
    input.due.clear();
    return {};
}

// Collects the packet's options in options_, without the end of options.
Result<void> Rewriter::options(Input& input, const Packet& packet) {
    const PacketRead* block = input.file->block();
    if (block == nullptr) {
        return {};
    }
    const ByteOrder order = block->options.byte_order();
    bool is_completed = false;
    for (const Option& option : block->options) {
        if (block->enhanced && (option.code == pcapng::kEpbDarwinProcess ||
                                option.code == pcapng::kEpbDarwinEffective)) {
            if (auto written = darwin_option(input, option); !written) {
                return written;
            }
        } else if (option.code == pcapng::kOptComment && !is_completed) {
            const std::string_view text = completed(input, packet, option.text());
            is_completed = text.data() != option.text().data();
            options_.option(option.code, packet::cut_comment(text, pcapng::kMaxOptionSize));
        } else {
            copy_option(options_, option, order,
                        block->enhanced ? OptionOf::kPacket : OptionOf::kObsoletePacket);
        }
    }
    // The obsolete packet block has it outside its options.
    if (!block->enhanced && block->drop_count) {
        options_.option_u64(pcapng::kEpbDropcount, *block->drop_count);
    }
    return {};
}

// Omits an index that refers to no block, because Wireshark 4.6 warns about it.
Result<void> Rewriter::darwin_option(Input& input, const Option& option) {
    if (option.value.size() != sizeof(uint32_t)) {
        return {};
    }
    const auto index =
        pcapng::decode<uint32_t>(option.value, input.file->block()->options.byte_order());
    const CarriedDarwinProcess* process = input.file->darwin_process(index);
    // With another section's block only option 8 is sure (see Attribution), and would be believed
    // less than the block once both are in one section.
    if (process == nullptr || (process->section != input.file->current_section() &&
                               input.file->block()->process.has_value())) {
        return {};
    }
    auto [entry, fresh] = input.darwin.try_emplace(index);
    if (fresh) {
        const auto added = writer_.darwin_process(process->pid, process->options);
        if (!added) {
            return added.error();
        }
        entry->second = *added;
    }
    options_.option_u32(option.code, entry->second);
    return {};
}

// Returns the comment completed with the introductions and the host that the output needs. A
// comment that isn't in our grammar is returned unchanged. Valid until the next call.
std::string_view Rewriter::completed(Input& input, const Packet& packet, std::string_view comment) {
    const auto is_introduced = [&](const End& end) {
        if (end.process == nullptr || input.options.all_packets) {
            return true;
        }
        const auto found = input.processes.find(end.process->number);
        return found != input.processes.end() && found->second.introduced &&
               (!end.uid || found->second.uid == end.uid);
    };
    if (input.options.host.empty() && is_introduced(packet.self) && is_introduced(packet.peer)) {
        return comment;
    }
    const auto parsed = packet::parse_comment(comment);
    if (!parsed) {
        return comment;
    }
    comment_ = comment;
    introduce(input, packet.self, *parsed, {});
    introduce(input, packet.peer, *parsed, packet::kPeerPrefix);
    if (!input.options.host.empty() && !parsed->find(packet::kHostKey)) {
        // A comment that is too long loses other keys: without the host it names other processes.
        std::string host;
        packet::append_pair(host, {}, packet::kHostKey, input.options.host);
        const size_t room = pcapng::kMaxOptionSize - host.size() - 1;
        comment_.resize(packet::cut_comment(comment_, room).size());
        comment_ += ' ' + host;
    }
    return comment_;
}

void Rewriter::introduce(Input& input, const End& end, const packet::Comment& comment,
                         std::string_view prefix) {
    if (end.process == nullptr || input.options.all_packets) {
        return;
    }
    keep(input, end.process);
    Introduction& introduction = input.processes[end.process->number];
    if (introduction.introduced && (!end.uid || introduction.uid == end.uid)) {
        return;
    }
    introduction = {true, end.uid};
    if (!packet::introduces(comment, prefix)) {
        packet::append_introduction(comment_, packet::process_as_of(end), prefix);
    }
}

Result<void> Rewriter::write(const Input& input, const Packet& packet, uint32_t interface) {
    const uint32_t snaplen = packet.interface->snaplen;
    const uint32_t room = snaplen == 0 ? packet.wire_length : snaplen;
    // Keep a simple packet block, which has no time, if possible: it belongs to interface 0.
    if (!packet.time_ns && input.file->block() != nullptr && interface == 0 &&
        options_.size() == 0 && packet.data.size() == std::min(packet.wire_length, room)) {
        body_.clear();
        body_.u32(packet.wire_length);
        body_.bytes(packet.data);
        return writer_.block(pcapng::kSimplePacketBlock, body_.view());
    }
    pcapng::PacketBlock block;
    block.interface_id = interface;
    block.time_ns = packet.time_ns.value_or(0);
    block.data = packet.data;
    block.wire_length = packet.wire_length;
    return writer_.packet(block, options_.view());
}

}  // namespace forensics
