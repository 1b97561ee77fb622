// SPDX-License-Identifier: GPL-2.0-only
//
// The Rewriter's packets: their options, and what their comments have to say beside what they say.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "forensics/rewrite/option_copy.h"
#include "forensics/rewrite/rewriter.h"
#include "forensics/source/recorded.h"
#include "packet/host_comment.h"
#include "packet/line/terminal_text.h"
#include "packet/process_comment.h"
#include "pcapng/format.h"

namespace forensics {

using pcapng::ByteOrder;
using pcapng::Error;
using pcapng::Option;
using pcapng::PacketRead;
using pcapng::Result;

// Collects the packet's options in options_, and `comment` behind them unless it is empty.
Result<void> Rewriter::options(Input& input, const Packet& packet, std::string_view comment,
                               Comments comments) {
    options_.clear();
    if (const PacketRead* block = input.file->block()) {
        if (auto copied = copy_packet_options(input, packet, *block, comments); !copied) {
            return copied;
        }
    }
    if (input.file->detail() == Detail::kIdentities) {
        const std::string_view text = identities(input.file->source(), packet, input.file->block());
        if (!text.empty()) {
            options_.option(pcapng::kOptComment, packet::cut_comment(text, pcapng::kMaxOptionSize));
        }
    } else if (!comment.empty() && comments == Comments::kCompleted) {
        options_.option(pcapng::kOptComment, packet::cut_comment(completed(input, packet, comment),
                                                                 pcapng::kMaxOptionSize));
    }
    if (options_.size() > 0) {
        options_.end_of_options();
    }
    return {};
}

Result<void> Rewriter::copy_packet_options(Input& input, const Packet& packet,
                                           const PacketRead& block, Comments comments) {
    const ByteOrder order = block.options.byte_order();
    const Detail detail = input.file->detail();
    bool is_completed = comments == Comments::kUnchanged || detail == Detail::kIdentities;
    for (const Option& option : block.options) {
        if (block.enhanced && (option.code == pcapng::kEpbDarwinProcess ||
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
                        block.enhanced ? OptionOf::kPacket : OptionOf::kObsoletePacket, detail);
        }
    }
    // The obsolete packet block has it outside its options.
    if (!block.enhanced && block.drop_count) {
        options_.option_u64(pcapng::kEpbDropcount, *block.drop_count);
    }
    return {};
}

// Returns what a comment says of who the processes are, or nothing if the file doesn't tell whose
// the packet is. Valid until the next call.
std::string_view Rewriter::identities(const Source& input, const Packet& packet,
                                      const PacketRead* block) {
    comment_.clear();
    if (!packet.attributed() && !has_pidcap_comment(block)) {
        return comment_;
    }
    const auto append = [this](const End& end, std::string_view prefix) {
        packet::append_process(comment_, packet::process_as_of(end), end.tid, end.via, prefix);
    };
    if (packet.self.process != nullptr) {
        append(packet.self, {});
    } else {
        packet::append_reason(comment_, packet.self.via);
    }
    packet::append_at(comment_, packet.self_at, flags_direction(block));
    const Process* either =
        packet.self.process != nullptr ? packet.self.process : packet.peer.process;
    // The name of the capture's own host is left out, as its header is.
    if (either != nullptr && either->host != input.section_host()) {
        packet::append_pair(comment_, {}, packet::kHostKey, either->host);
    }
    if (packet.peer.process != nullptr) {
        append(packet.peer, packet::kPeerPrefix);
    }
    return comment_;
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
                               input.file->block()->process.has_value() && !input.is_copied())) {
        return {};
    }
    const auto written = darwin(input, index, *process);
    if (!written) {
        return written.error();
    }
    options_.option_u32(option.code, *written);
    return {};
}

// Returns the index of the process's block in the output. Writes the block first, if it is new.
Result<uint32_t> Rewriter::darwin(Input& input, uint32_t index,
                                  const CarriedDarwinProcess& process) {
    if (const auto known = input.darwin.find(index); known != input.darwin.end()) {
        return known->second;
    }
    auto added = writer_.darwin_process(process.pid, process.options);
    if (pcapng::is_too_large(added)) {
        left_out_.blocks++;
        added = writer_.darwin_process(process.pid, std::string_view());
    }
    if (added) {
        input.darwin.emplace(index, *added);
    }
    return added;
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
    const std::string& host = host_to_name(input);
    if (host.empty() && is_introduced(packet.self) && is_introduced(packet.peer)) {
        return comment;
    }
    const auto parsed = packet::parse_comment(comment);
    if (!parsed) {
        return comment;
    }
    comment_ = comment;
    introduce(input, packet.self, *parsed, {});
    introduce(input, packet.peer, *parsed, packet::kPeerPrefix);
    if (!host.empty() && !parsed->find(packet::kHostKey)) {
        // A comment that is too long loses other keys: without the host it names other processes.
        const std::string pair = packet::host_comment(host);
        const size_t room = pcapng::kMaxOptionSize - pair.size() - 1;
        comment_.resize(packet::cut_comment(comment_, room).size());
        comment_ += ' ' + pair;
    }
    return comment_;
}

// Returns the host that a packet's comment has to name. The output's header is that of the input's
// first section, of which another section's host may differ.
const std::string& Rewriter::host_to_name(const Input& input) {
    static const std::string kNone;
    if (!input.options.host.empty() || input.is_copied()) {
        return input.options.host;
    }
    const std::string& host = input.file->source().section_host();
    return host == input.file->header_host() ? kNone : host;
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

// If the packet's block is too large with what its comment should say of processes, the packet
// keeps the comment that it has, and the next one of the process introduces it.
Result<void> Rewriter::write(Input& input, const Packet& packet, uint32_t interface) {
    auto written = write_block(input, packet, interface);
    if (!pcapng::is_too_large(written)) {
        return written;
    }
    left_out_.comments++;
    for (const End* end : {&packet.self, &packet.peer}) {
        if (end->process != nullptr) {
            input.processes[end->process->number] = {};
        }
    }
    if (auto copied = options(input, packet, {}, Comments::kUnchanged); !copied) {
        return copied;
    }
    written = write_block(input, packet, interface);
    if (pcapng::is_too_large(written)) {
        return Error{fmt::format("{}: packet {}: {}",
                                 packet::printable(input.file->source().name()), packet.number,
                                 written.error().message)};
    }
    return written;
}

Result<void> Rewriter::write_block(const Input& input, const Packet& packet, uint32_t interface) {
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
