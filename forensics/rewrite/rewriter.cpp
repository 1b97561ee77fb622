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
    auto writer = pcapng::Writer::create_encoded(std::move(output), section_options_of(input));
    if (!writer) {
        return std::move(writer).error();
    }
    Rewriter rewriter(*std::move(writer));
    rewriter.add_input(input, options);
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
    if (auto keyed = keys_before_packet(input); !keyed) {
        return keyed;
    }
    if (auto copied = options(input, packet, comment, Comments::kCompleted); !copied) {
        return copied;
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
        take_new_keys(input);
        if (auto written = write_keys(); !written) {
            return written;
        }
        left_out_.keys += input.file->keys().left_out();
        left_out_.blocks += input.file->unturned();
    }
    return writer_.close();
}

// Frees what the last packet needed: there may be thousands of such files.
Result<void> Rewriter::suspend() {
    options_ = {};
    body_ = {};
    std::string().swap(comment_);
    std::string().swap(key_log_);
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
    // An event has one name, by which it is known; its comment has the host.
    if (!input.options.host.empty() && !names_host(first_packet) && interface.event == nullptr) {
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
    const pcapng::Interface description{.link_type = interface.link_type,
                                        .snaplen = interface.snaplen};
    auto added = writer_.add_interface(description, body_.view());
    if (pcapng::is_too_large(added)) {
        left_out_.blocks++;
        body_.clear();
        body_.option(pcapng::kIfTsresol, std::array{pcapng::kTsresolNanoseconds});
        body_.end_of_options();
        added = writer_.add_interface(description, body_.view());
    }
    if (added) {
        id = *added;
    }
    return added;
}

// Takes every block that the input has read since the last call.
Result<void> Rewriter::take_blocks(Input& input) {
    InputFile& file = *input.file;
    if (input.next_block < file.first_block()) {
        left_out_.blocks += file.first_block() - input.next_block;
        input.next_block = file.first_block();
    }
    if (!input.options.all_packets &&
        input.processes.size() < file.end_block() - input.next_block) {
        return take_by_process(input);
    }
    for (; input.next_block < file.end_block(); input.next_block++) {
        if (auto taken = take(input, input.next_block); !taken) {
            return taken;
        }
    }
    return {};
}

// The same as going through the blocks, where the file has few processes and the input many blocks:
// of thousands of files that are split from it each would go through all of them.
Result<void> Rewriter::take_by_process(Input& input) {
    InputFile& file = *input.file;
    const std::deque<uint64_t>& shared = file.blocks_of_no_process();
    for (auto number = std::lower_bound(shared.begin(), shared.end(), input.next_block);
         number != shared.end(); ++number) {
        if (auto taken = take(input, *number); !taken) {
            return taken;
        }
    }
    for (const auto& [process, introduction] : input.processes) {
        for (const uint64_t number : file.blocks_of(file.source().processes()[process])) {
            if (number >= input.next_block) {
                input.due.push_back(number);
            }
        }
    }
    input.next_block = file.end_block();
    return {};
}

Result<void> Rewriter::take(Input& input, uint64_t number) {
    const CarriedBlock& block = input.file->carried(number);
    switch (block.of) {
        case CarriedBlock::Of::kFile:
            return carry(block.type, block.body);
        case CarriedBlock::Of::kInterface:
            return statistics(input, block);
        case CarriedBlock::Of::kSection:
            return input.is_copied() ? writer_.begin_section(block.body) : Result<void>{};
        case CarriedBlock::Of::kInterfaceDescription: {
            if (!input.is_copied()) {
                return {};
            }
            const auto id =
                interface(input, input.file->source().interfaces()[block.index], nullptr);
            return id ? Result<void>{} : Result<void>(id.error());
        }
        case CarriedBlock::Of::kDarwinProcess: {
            if (!input.is_copied()) {
                return {};
            }
            const auto index = darwin(input, block.index, *input.file->darwin_process(block.index));
            return index ? Result<void>{} : Result<void>(index.error());
        }
        case CarriedBlock::Of::kUnknown:
            return input.is_copied() ? carry(block.type, block.body) : Result<void>{};
        case CarriedBlock::Of::kProcess:
            break;
    }
    if (input.is_copied()) {
        return process_block(input, number);
    }
    const Process* owner = input.options.all_packets ? nullptr : input.file->owner(block);
    if (input.options.all_packets ||
        (owner != nullptr && input.processes.count(owner->number) > 0)) {
        input.due.push_back(number);
    }
    return {};
}

Result<void> Rewriter::statistics(const Input& input, const CarriedBlock& block) {
    if (block.index >= input.interfaces.size() || !input.interfaces[block.index].id) {
        return {};
    }
    const WrittenInterface& interface = input.interfaces[block.index];
    body_.clear();
    body_.u32(*interface.id);
    body_.bytes(interface.packets == block.packets ? block.body : block.body_of_a_part);
    return carry(block.type, body_.view());
}

// Writes a block, or leaves it out if it has become too large.
Result<void> Rewriter::carry(uint32_t type, std::span<const uint8_t> body) {
    auto written = writer_.block(type, body);
    if (pcapng::is_too_large(written)) {
        left_out_.blocks++;
        return {};
    }
    return written;
}

// Another tool's packet may record a pid without a start time. The output is one section, so a pid
// that was another process in an earlier section would be taken for that process: that is an error.
Result<void> Rewriter::tell_apart(Input& input, const Packet& packet, const End& end) {
    if (end.process == nullptr || end.via != Via::kUnrecorded || input.is_copied()) {
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
    for (const uint64_t number : input.file->blocks_of(*process)) {
        if (number < input.next_block) {
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
        if (input.written.insert(number).second) {
            if (auto written = process_block(input, number); !written) {
                return written;
            }
        }
    }
    input.due.clear();
    return {};
}

Result<void> Rewriter::process_block(Input& input, uint64_t number) {
    if (number < input.file->first_block()) {
        left_out_.blocks++;
        return {};
    }
    const CarriedBlock& block = input.file->carried(number);
    std::span<const uint8_t> body = block.body;
    if (block.type == pcapng::kJournalExportBlock && !input.options.host.empty()) {
        body_.clear();
        copy_journal_entry(body_, body, input.options.host);
        body = body_.view();
    }
    return carry(block.type, body);
}

}  // namespace forensics
