// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <string>

#include "pcapng/decode.h"
#include "pcapng/format.h"
#include "pcapng/parse.h"
#include "pcapng/text.h"

namespace pcapng {
namespace {

constexpr uint64_t kNanosecondsPerMicrosecond = 1000;

// Packets of this size or more are written without being copied into the buffer: two more calls of
// write(2) cost less than the copy.
constexpr size_t kLargePacket = 16384;

// Bytes of an enhanced packet block without data and options.
constexpr size_t kPacketBlockSize = 32;

void text_option(ByteBuffer& block, uint16_t code, std::string_view text) {
    if (!text.empty()) {
        block.option(code, cut_utf8(shown_text(text), kMaxOptionSize));
    }
}

void counter_option(ByteBuffer& block, uint16_t code, std::optional<uint64_t> value) {
    if (value.has_value()) {
        block.option_u64(code, *value);
    }
}

// A time is two 32-bit halves, the high one first in either byte order.
uint32_t high_half(uint64_t time_ns) {
    return static_cast<uint32_t>(time_ns >> 32);
}

uint32_t low_half(uint64_t time_ns) {
    return static_cast<uint32_t>(time_ns);
}

void time(ByteBuffer& block, uint64_t time_ns) {
    block.u32s(std::array{high_half(time_ns), low_half(time_ns)});
}

void time_option(ByteBuffer& block, uint16_t code, std::optional<uint64_t> time_ns) {
    if (time_ns.has_value()) {
        block.option_header(code, 8);
        time(block, *time_ns);
    }
}

// Escapes each argument on its own, so that the NULs between them stay. Drops a NUL after the last.
std::string shown_arguments(std::string_view cmdline) {
    std::string out;
    if (cmdline.back() == '\0') {
        cmdline.remove_suffix(1);
    }
    for (;;) {
        const size_t nul = cmdline.find('\0');
        out += shown_text(cmdline.substr(0, nul));
        if (nul == std::string_view::npos) {
            return out;
        }
        out += '\0';
        cmdline.remove_prefix(nul + 1);
    }
}

[[maybe_unused]] bool is_journal_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

// Keeps newlines and tabs. Escapes everything else that tshark would print to a terminal unescaped.
std::string shown_lines(std::string_view value) {
    std::string out;
    for (;;) {
        const size_t layout = value.find_first_of("\n\t");
        out += shown_text(value.substr(0, layout));
        if (layout == std::string_view::npos) {
            return out;
        }
        out += value[layout];
        value.remove_prefix(layout + 1);
    }
}

// systemd's "Journal Export Format": NAME=value, or for a value of several lines NAME, newline, its
// length, value.
void journal_field(ByteBuffer& block, std::string_view name, std::string_view value) {
    assert(is_journal_name(name));
    const std::string shown = shown_lines(value);
    const std::string_view text = cut_utf8(shown, kMaxOptionSize);
    block.text(name);
    if (text.find('\n') == std::string_view::npos) {
        block.text("=");
    } else {
        block.text("\n");
        block.u64(text.size());
    }
    block.text(text);
    block.text("\n");
}

void append_options(ByteBuffer& block, const PacketBlock& packet) {
    const size_t before = block.size();
    const auto flags =
        static_cast<uint32_t>(packet.direction) | (static_cast<uint32_t>(packet.reception) << 2);
    if (flags != 0) {
        block.option_u32(kEpbFlags, flags);
    }
    counter_option(block, kEpbDropcount, packet.drop_count);
    if (packet.process.has_value()) {
        block.option_header(kEpbProcessThread, 8);
        block.u32(packet.process->pid);
        block.u32(packet.process->tid);
    }
    if (packet.darwin_index.has_value()) {
        block.option_u32(kEpbDarwinProcess, *packet.darwin_index);
    }
    if (!packet.comment.empty()) {
        block.option(kOptComment, cut_utf8(packet.comment, kMaxOptionSize));
    }
    if (block.size() != before) {
        block.end_of_options();
    }
}

}  // namespace

Result<Writer> Writer::create(Output output, const SectionInfo& section) {
    ByteBuffer options;
    text_option(options, kShbHardware, section.hardware);
    text_option(options, kShbOs, section.os);
    text_option(options, kShbApplication, section.application);
    for (const std::string& comment : section.comments) {
        text_option(options, kOptComment, comment);
    }
    options.end_of_options();
    return create_encoded(std::move(output), options.view());
}

Result<Writer> Writer::create_encoded(Output output, std::span<const uint8_t> options) {
    Writer writer(std::move(output));
    if (Result<void> done = writer.begin_section(options); !done.ok()) {
        return std::move(done).error();
    }
    return writer;
}

Result<void> Writer::begin_section(std::span<const uint8_t> options) {
    ByteBuffer& block = output_.block();
    const size_t start = begin(kSectionHeaderBlock);
    block.u32(kByteOrderMagic);
    block.u16(kMajorVersion);
    block.u16(kMinorVersion);
    block.u64(UINT64_MAX);  // section length: not known
    block.bytes(options);
    limits_.clear();
    return end(start);
}

Result<uint32_t> Writer::add_interface(const Interface& interface) {
    ByteBuffer& block = output_.block();
    const size_t start = begin(kInterfaceDescriptionBlock);
    block.u16(interface.link_type);
    block.u16(0);
    block.u32(interface.snaplen);
    text_option(block, kIfName, interface.name);
    text_option(block, kIfDescription, interface.description);
    if (interface.mac.has_value()) {
        block.option(kIfMacAddress, *interface.mac);
    }
    counter_option(block, kIfSpeed, interface.speed);
    block.option(kIfTsresol, std::array{kTsresolNanoseconds});
    if (!interface.filter.empty()) {
        const std::string filter = char{kFilterIsText} + shown_text(interface.filter);
        block.option(kIfFilter, cut_utf8(filter, kMaxOptionSize));
    }
    text_option(block, kIfOs, interface.os);
    block.end_of_options();
    return added_interface(start, interface.snaplen == 0
                                      ? kMaxPacketSize
                                      : std::min(interface.snaplen, kMaxPacketSize));
}

Result<uint32_t> Writer::add_interface(const Interface& interface,
                                       std::span<const uint8_t> options) {
    ByteBuffer& block = output_.block();
    const size_t start = begin(kInterfaceDescriptionBlock);
    block.u16(interface.link_type);
    block.u16(0);
    block.u32(interface.snaplen);
    block.bytes(options);
    return added_interface(start, UINT32_MAX);
}

// Ends the block of an interface whose packets have at most `limit` bytes.
Result<uint32_t> Writer::added_interface(size_t start, uint32_t limit) {
    if (limits_.size() >= kMaxWrittenInterfaces) {
        output_.block().truncate(start);
        return Error{
            fmt::format("{}: more than {} interfaces", output_.name(), kMaxWrittenInterfaces)};
    }
    if (Result<void> done = end(start); !done.ok()) {
        return std::move(done).error();
    }
    limits_.push_back(limit);
    return static_cast<uint32_t>(limits_.size() - 1);
}

Result<void> Writer::packet(const PacketBlock& packet) {
    options_.clear();
    if (Result<void> encoded = encode_options(packet, options_); !encoded.ok()) {
        return encoded;
    }
    const auto wire_length =
        static_cast<uint32_t>(std::max<size_t>(packet.wire_length, packet.data.size()));
    return packet_block(packet, wire_length, options_.view());
}

Result<void> Writer::packet(const PacketBlock& packet, std::span<const uint8_t> options) {
    return packet_block(packet, packet.wire_length, options);
}

Result<void> Writer::encode_options(const PacketBlock& packet, ByteBuffer& out) const {
    Result<void> known = check(packet);
    if (known.ok()) {
        append_options(out, packet);
    }
    return known;
}

Result<void> Writer::check(const PacketBlock& packet) const {
    if (packet.darwin_index.value_or(0) >= darwin_processes_ && packet.darwin_index.has_value()) {
        return Error{fmt::format("packet of Darwin process {}: {} has {}", *packet.darwin_index,
                                 output_.name(), darwin_processes_)};
    }
    return {};
}

Result<void> Writer::packet_block(const PacketBlock& packet, uint32_t wire_length,
                                  std::span<const uint8_t> options) {
    if (packet.interface_id >= limits_.size()) {
        return unknown_interface("packet", packet.interface_id);
    }
    const auto data =
        packet.data.first(std::min<size_t>(packet.data.size(), limits_[packet.interface_id]));
    const size_t total = kPacketBlockSize + padded(data.size()) + options.size();
    if (total > kMaxBlockSize) {
        return too_large(total);
    }
    assert(total % 4 == 0);
    ByteBuffer& block = output_.block();
    block.u32s(std::array{kEnhancedPacketBlock, static_cast<uint32_t>(total), packet.interface_id,
                          high_half(packet.time_ns), low_half(packet.time_ns),
                          static_cast<uint32_t>(data.size()), wire_length});
    const bool is_large = data.size() >= kLargePacket;
    if (!is_large) {
        block.bytes(data);
    }
    const size_t data_end = block.size();
    block.pad(data.size());
    block.bytes(options);
    block.u32(static_cast<uint32_t>(total));
    return is_large ? output_.end_block(data_end, data) : output_.end_block();
}

Result<uint32_t> Writer::darwin_process(uint32_t pid, std::string_view name) {
    ByteBuffer options;
    text_option(options, kDarwinName, name);
    options.end_of_options();
    return darwin_process(pid, options.view());
}

Result<uint32_t> Writer::darwin_process(uint32_t pid, std::span<const uint8_t> options) {
    ByteBuffer& block = output_.block();
    const size_t start = begin(kDarwinProcessBlock);
    block.u32(pid);
    block.bytes(options);
    if (Result<void> done = end(start); !done.ok()) {
        return std::move(done).error();
    }
    return darwin_processes_++;
}

Result<void> Writer::process_information(const ProcessInformation& process) {
    ByteBuffer& block = output_.block();
    const size_t start = begin(kCustomBlock);
    block.u32(kWiresharkPen);
    block.u32(kProcessInformationEntry);
    const size_t length_at = block.size();
    block.u32(0);
    block.u32(process.pid);
    text_option(block, kPibName, process.name);
    text_option(block, kPibPath, process.path);
    if (!process.cmdline.empty()) {
        block.option(kPibCmdline, cut_utf8(shown_arguments(process.cmdline), kMaxOptionSize));
    }
    if (process.ppid.has_value()) {
        block.option_u32(kPibParentPid, *process.ppid);
    }
    if (process.uid.has_value()) {
        block.option_u32(kPibUid, *process.uid);
    }
    text_option(block, kPibUser, process.user);
    if (process.start_ns != 0) {
        block.option_u64(kPibStartTime, process.start_ns);
    }
    block.end_of_options();
    block.set_u32(length_at, static_cast<uint32_t>(block.size() - length_at - 4));
    return end(start);
}

Result<void> Writer::journal_entry(uint64_t time_ns, std::span<const JournalField> fields) {
    ByteBuffer& block = output_.block();
    const size_t start = begin(kJournalExportBlock);
    const size_t entry = block.size();
    journal_field(block, "__REALTIME_TIMESTAMP",
                  std::to_string(time_ns / kNanosecondsPerMicrosecond));
    for (const JournalField& field : fields) {
        journal_field(block, field.name, field.value);
    }
    block.pad(block.size() - entry);
    return end(start);
}

Result<void> Writer::names(std::span<const NameRecord> records) {
    ByteBuffer& block = output_.block();
    const size_t start = begin(kNameResolutionBlock);
    for (const NameRecord& record : records) {
        const size_t address = record.address.size();
        assert(address == 4 || address == 16);
        std::string_view name = record.name.substr(0, record.name.find('\0'));
        name = name.substr(0, kMaxOptionSize - address - 1);
        const size_t length = address + name.size() + 1;
        block.option_header(address == 4 ? kNameRecordIpv4 : kNameRecordIpv6, length);
        block.bytes(record.address);
        block.text(name);
        block.u8(0);
        block.pad(length);
    }
    block.end_of_options();  // of the records, which look like options
    return end(start);
}

Result<void> Writer::tls_keys(std::string_view lines) {
    assert(lines.empty() || lines.back() == '\n');
    while (!lines.empty()) {
        const size_t last = lines.substr(0, kMaxKeyLog).rfind('\n');
        assert(last != std::string_view::npos);
        const std::string_view some = lines.substr(0, last + 1);
        lines.remove_prefix(some.size());

        ByteBuffer& block = output_.block();
        const size_t start = begin(kDecryptionSecretsBlock);
        block.u32(kTlsKeyLog);
        block.u32(static_cast<uint32_t>(some.size()));
        block.text(some);
        block.pad(some.size());
        if (Result<void> done = end(start); !done.ok()) {
            return done;
        }
    }
    return {};
}

Result<void> Writer::statistics(const InterfaceStatistics& statistics) {
    if (statistics.interface_id >= limits_.size()) {
        return unknown_interface("statistics", statistics.interface_id);
    }
    ByteBuffer& block = output_.block();
    const size_t start = begin(kInterfaceStatisticsBlock);
    block.u32(statistics.interface_id);
    time(block, statistics.time_ns);
    for (const std::string& comment : statistics.comments) {
        text_option(block, kOptComment, comment);
    }
    time_option(block, kIsbStartTime, statistics.start_ns);
    time_option(block, kIsbEndTime, statistics.end_ns);
    counter_option(block, kIsbReceived, statistics.received);
    counter_option(block, kIsbDropped, statistics.dropped);
    counter_option(block, kIsbFilterAccepted, statistics.filter_accepted);
    counter_option(block, kIsbOsDropped, statistics.os_dropped);
    counter_option(block, kIsbDelivered, statistics.delivered);
    block.end_of_options();
    return end(start);
}

Result<void> Writer::block(uint32_t type, std::span<const uint8_t> body) {
    assert(type != kSectionHeaderBlock && type != kInterfaceDescriptionBlock &&
           type != kDarwinProcessBlock);
    ByteBuffer& block = output_.block();
    const size_t start = begin(type);
    block.bytes(body);
    block.pad(body.size());
    return end(start);
}

// Every block: type, total length, body, total length again ("General Block Structure").
size_t Writer::begin(uint32_t block_type) {
    ByteBuffer& block = output_.block();
    const size_t start = block.size();
    block.u32(block_type);
    block.u32(0);
    return start;
}

// Writes the lengths. Takes the block back if no reader would take one of its size.
Result<void> Writer::end(size_t start) {
    ByteBuffer& block = output_.block();
    const size_t total = block.size() - start + 4;
    if (total > kMaxBlockSize) {
        block.truncate(start);
        return too_large(total);
    }
    assert(total % 4 == 0);
    block.u32(static_cast<uint32_t>(total));
    block.set_u32(start + 4, static_cast<uint32_t>(total));
    return output_.end_block();
}

Error Writer::too_large(size_t total) const {
    return Error{fmt::format("{}: a block of {} bytes, at most {} can be read", output_.name(),
                             total, kMaxBlockSize),
                 EMSGSIZE};
}

Error Writer::unknown_interface(std::string_view what, uint32_t id) const {
    return Error{
        fmt::format("{} of interface {}: {} has {}", what, id, output_.name(), limits_.size())};
}

}  // namespace pcapng
