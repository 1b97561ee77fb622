// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "pcapng/format.h"

namespace pcapng {
namespace {

// Obsolete packet block ("Packet Block (obsolete!)"): this many drops means "not known".
constexpr uint16_t kDropsUnknown = 0xFFFF;

using Bytes = std::span<const uint8_t>;

Error too_short(std::string_view what) {
    return Error{fmt::format("{} is too short", what)};
}

template <size_t kSize>
std::optional<std::array<uint8_t, kSize>> find_array(const Options& options, uint16_t code) {
    const auto value = options.find(code);
    if (!value.has_value() || value->size() != kSize) {
        return std::nullopt;
    }
    std::array<uint8_t, kSize> result;
    std::copy(value->begin(), value->end(), result.begin());
    return result;
}

Result<Block> parse_section(Cursor cursor, SectionState& section) {
    (void)cursor.u32();  // byte-order magic, which the Reader has used
    const uint16_t major = cursor.u16();
    (void)cursor.u16();  // any minor version is compatible
    (void)cursor.u64();  // section length: not needed, so not trusted
    if (cursor.failed()) {
        return too_short("section header");
    }
    if (major != kMajorVersion) {
        return Error{fmt::format("section of version {}, only {} is known", major, kMajorVersion)};
    }
    SectionRead read;
    read.byte_order = section.byte_order;
    read.options = Options(cursor.rest(), section.byte_order);
    read.hardware = read.options.find_text(kShbHardware);
    read.os = read.options.find_text(kShbOs);
    read.application = read.options.find_text(kShbApplication);
    section.interfaces.clear();
    return Block(read);
}

Result<Block> parse_interface(Cursor cursor, SectionState& section) {
    InterfaceRead read;
    read.link_type = cursor.u16();
    (void)cursor.u16();
    read.snaplen = cursor.u32();
    if (cursor.failed()) {
        return too_short("interface description");
    }
    if (section.interfaces.size() >= kMaxInterfaces) {
        return Error{fmt::format("more than {} interfaces", kMaxInterfaces)};
    }
    read.id = static_cast<uint32_t>(section.interfaces.size());
    read.options = Options(cursor.rest(), section.byte_order);
    read.name = read.options.find_text(kIfName);
    read.description = read.options.find_text(kIfDescription);
    read.os = read.options.find_text(kIfOs);
    read.speed = read.options.find_u64(kIfSpeed);
    read.mac = find_array<6>(read.options, kIfMacAddress);
    if (const auto filter = read.options.find(kIfFilter);
        filter.has_value() && !filter->empty() && filter->front() == kFilterIsText) {
        read.filter = option_text(filter->subspan(1));
    }
    if (const auto resolution = find_array<1>(read.options, kIfTsresol); resolution.has_value()) {
        read.clock.resolution = resolution->front();
    }
    read.clock.offset_s = static_cast<int64_t>(read.options.find_u64(kIfTsoffset).value_or(0));
    section.interfaces.push_back({read.link_type, read.snaplen, read.clock});
    return Block(read);
}

Error unknown_interface(std::string_view what, uint32_t id, const SectionState& section) {
    return Error{
        fmt::format("{} of interface {}, of {} so far", what, id, section.interfaces.size())};
}

void read_flags(PacketRead& packet, uint32_t flags) {
    packet.direction = (flags & 3) == 3 ? Direction::kUnknown : static_cast<Direction>(flags & 3);
    const uint32_t reception = (flags >> 2) & 7;
    packet.reception = reception <= static_cast<uint32_t>(Reception::kPromiscuous)
                           ? static_cast<Reception>(reception)
                           : Reception::kUnspecified;
}

// Makes one pass. If a code occurs more than once, the first option counts.
void read_packet_options(PacketRead& packet, Bytes bytes, ByteOrder order) {
    packet.options = Options(bytes, order);
    enum : unsigned { kFlags = 1, kDrops = 2, kProcess = 4, kDarwin = 8, kComment = 16 };
    unsigned seen = packet.enhanced ? 0 : kDrops | kProcess | kDarwin;
    const auto first = [&seen](unsigned which) {
        const bool is_first = (seen & which) == 0;
        seen |= which;
        return is_first;
    };
    for (const Option& option : packet.options) {
        switch (option.code) {
            case kOptComment:
                if (first(kComment)) {
                    packet.comment = option.text();
                }
                break;
            case kEpbFlags:  // the obsolete packet block's pack_flags has the same code and meaning
                if (first(kFlags) && option.value.size() == sizeof(uint32_t)) {
                    read_flags(packet, decode<uint32_t>(option.value, order));
                }
                break;
            case kEpbDropcount:
                if (first(kDrops) && option.value.size() == sizeof(uint64_t)) {
                    packet.drop_count = decode<uint64_t>(option.value, order);
                }
                break;
            case kEpbProcessThread:
                if (first(kProcess) && option.value.size() == 2 * sizeof(uint32_t)) {
                    packet.process = {.pid = decode<uint32_t>(option.value, order),
                                      .tid = decode<uint32_t>(option.value.subspan(4), order)};
                }
                break;
            case kEpbDarwinProcess:
                if (first(kDarwin) && option.value.size() == sizeof(uint32_t)) {
                    packet.darwin_index = decode<uint32_t>(option.value, order);
                }
                break;
            default:
                break;
        }
    }
}

// Reads what the enhanced and the obsolete packet block have in common after the interface id:
// time, lengths, data and options.
Result<void> read_packet(PacketRead& packet, Cursor& cursor, const SectionState& section) {
    const uint64_t ticks = cursor.time();
    const uint32_t captured = cursor.u32();
    packet.wire_length = cursor.u32();
    packet.data = cursor.padded_bytes(captured);
    if (cursor.failed()) {
        return too_short("packet");
    }
    if (packet.interface_id >= section.interfaces.size()) {
        return unknown_interface("packet", packet.interface_id, section);
    }
    const SectionState::Interface& interface = section.interfaces[packet.interface_id];
    packet.link_type = interface.link_type;
    packet.time_ns = to_nanoseconds(ticks, interface.clock);
    read_packet_options(packet, cursor.rest(), section.byte_order);
    return {};
}

Result<void> parse_enhanced_packet(Cursor cursor, const SectionState& section, Block& block) {
    auto& packet = block.emplace<PacketRead>();
    packet.interface_id = cursor.u32();
    return read_packet(packet, cursor, section);
}

Result<void> parse_obsolete_packet(Cursor cursor, const SectionState& section, Block& block) {
    auto& packet = block.emplace<PacketRead>();
    packet.enhanced = false;
    packet.interface_id = cursor.u16();
    const uint16_t drops = cursor.u16();
    if (drops != kDropsUnknown) {
        packet.drop_count = drops;
    }
    return read_packet(packet, cursor, section);
}

// A simple packet block belongs to the section's first interface and has no time and no options.
Result<Block> parse_simple_packet(Cursor cursor, const SectionState& section) {
    if (section.interfaces.empty()) {
        return unknown_interface("packet", 0, section);
    }
    const SectionState::Interface& interface = section.interfaces.front();
    PacketRead packet;
    packet.link_type = interface.link_type;
    packet.has_time = false;
    packet.wire_length = cursor.u32();
    size_t captured = packet.wire_length;
    if (interface.snaplen != 0) {
        captured = std::min<size_t>(captured, interface.snaplen);
    }
    packet.data = cursor.bytes(captured);
    if (cursor.failed()) {
        return too_short("packet");
    }
    return Block(packet);
}

Result<Block> parse_statistics(Cursor cursor, const SectionState& section) {
    StatisticsRead read;
    read.interface_id = cursor.u32();
    const uint64_t ticks = cursor.time();
    if (cursor.failed()) {
        return too_short("interface statistics");
    }
    if (read.interface_id >= section.interfaces.size()) {
        return unknown_interface("statistics", read.interface_id, section);
    }
    const Clock clock = section.interfaces[read.interface_id].clock;
    read.time_ns = to_nanoseconds(ticks, clock);
    read.options = Options(cursor.rest(), section.byte_order);
    const auto time = [&](uint16_t code) -> std::optional<uint64_t> {
        const auto value = read.options.find_time(code);
        return value.has_value() ? std::optional(to_nanoseconds(*value, clock)) : std::nullopt;
    };
    read.start_ns = time(kIsbStartTime);
    read.end_ns = time(kIsbEndTime);
    read.received = read.options.find_u64(kIsbReceived);
    read.dropped = read.options.find_u64(kIsbDropped);
    read.filter_accepted = read.options.find_u64(kIsbFilterAccepted);
    read.os_dropped = read.options.find_u64(kIsbOsDropped);
    read.delivered = read.options.find_u64(kIsbDelivered);
    return Block(read);
}

Result<Block> parse_darwin_process(Cursor cursor, SectionState& section) {
    DarwinProcessRead read;
    read.pid = cursor.u32();
    if (cursor.failed()) {
        return too_short("Darwin process block");
    }
    read.index = section.darwin_processes++;
    read.options = Options(cursor.rest(), section.byte_order);
    read.name = read.options.find_text(kDarwinName);
    read.uuid = find_array<16>(read.options, kDarwinUuid);
    return Block(read);
}

Result<Block> parse_custom(uint32_t type, Bytes body, ByteOrder order) {
    const Block unknown = UnknownRead{.type = type, .body = body};
    Cursor header(body, order);
    if (header.u32() != kWiresharkPen || header.failed()) {
        return unknown;
    }
    Cursor cursor(header.rest(), ByteOrder::kLittle);  // whatever the section's is
    const uint32_t entry_type = cursor.u32();
    const uint32_t length = cursor.u32();
    if (cursor.failed() || entry_type != kProcessInformationEntry) {
        return unknown;
    }
    Cursor entry(cursor.bytes(length), ByteOrder::kLittle);
    ProcessInformationRead read;
    read.pid = entry.u32();
    if (cursor.failed() || entry.failed()) {
        return too_short("process information");
    }
    read.options = Options(entry.rest(), ByteOrder::kLittle);
    read.name = read.options.find_text(kPibName);
    read.path = read.options.find_text(kPibPath);
    read.cmdline = read.options.find_text(kPibCmdline);
    read.ppid = read.options.find_u32(kPibParentPid);
    read.uid = read.options.find_u32(kPibUid);
    read.user = read.options.find_text(kPibUser);
    read.start_ns = read.options.find_u64(kPibStartTime).value_or(0);
    return Block(read);
}

Result<Block> parse_name_resolution(Bytes body, ByteOrder order) {
    NameResolutionRead read;
    read.records = Options(body, order);
    read.options = Options(read.records.after_end(), order);
    return Block(read);
}

Result<Block> parse_secrets(Cursor cursor, ByteOrder order) {
    SecretsRead read;
    read.type = cursor.u32();
    const uint32_t length = cursor.u32();
    read.data = cursor.padded_bytes(length);
    if (cursor.failed()) {
        return too_short("decryption secrets");
    }
    read.options = Options(cursor.rest(), order);
    return Block(read);
}

Result<Block> parse_rare_block(uint32_t type, Bytes body, SectionState& section) {
    const ByteOrder order = section.byte_order;
    const Cursor cursor(body, order);
    switch (type) {
        case kSectionHeaderBlock:
            return parse_section(cursor, section);
        case kInterfaceDescriptionBlock:
            return parse_interface(cursor, section);
        case kSimplePacketBlock:
            return parse_simple_packet(cursor, section);
        case kNameResolutionBlock:
            return parse_name_resolution(body, order);
        case kInterfaceStatisticsBlock:
            return parse_statistics(cursor, section);
        case kJournalExportBlock:
            return Block(JournalRead{.entry = as_text(body)});
        case kDecryptionSecretsBlock:
            return parse_secrets(cursor, order);
        case kDarwinProcessBlock:
            return parse_darwin_process(cursor, section);
        case kCustomBlock:
        case kCustomBlockNoCopy:
            return parse_custom(type, body, order);
        default:
            return Block(UnknownRead{.type = type, .body = body});
    }
}

}  // namespace

Result<void> parse_block(uint32_t type, Bytes body, SectionState& section, Block& block) {
    const Cursor cursor(body, section.byte_order);
    if (type == kEnhancedPacketBlock) {
        return parse_enhanced_packet(cursor, section, block);
    }
    if (type == kPacketBlock) {
        return parse_obsolete_packet(cursor, section, block);
    }
    Result<Block> parsed = parse_rare_block(type, body, section);
    if (!parsed.ok()) {
        return std::move(parsed).error();
    }
    block = std::move(parsed).value();
    return {};
}

std::vector<JournalField> journal_fields(std::string_view entry) {
    std::vector<JournalField> fields;
    for (;;) {
        const size_t newline = entry.find('\n');
        if (newline == std::string_view::npos || newline == 0) {
            return fields;
        }
        const std::string_view line = entry.substr(0, newline);
        entry.remove_prefix(newline + 1);
        if (const size_t equals = line.find('='); equals != std::string_view::npos) {
            fields.push_back({.name = line.substr(0, equals), .value = line.substr(equals + 1)});
            continue;
        }
        if (entry.size() < sizeof(uint64_t)) {
            return fields;
        }
        uint64_t length = 0;  // little-endian in every section
        for (size_t i = sizeof(uint64_t); i-- > 0;) {
            length = (length << 8) | static_cast<uint8_t>(entry[i]);
        }
        entry.remove_prefix(sizeof(uint64_t));
        if (length >= entry.size() || entry[length] != '\n') {
            return fields;
        }
        fields.push_back({.name = line, .value = entry.substr(0, length)});
        entry.remove_prefix(length + 1);
    }
}

}  // namespace pcapng
