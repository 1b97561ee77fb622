// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/reader.h"
#include "packet/comment.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <variant>

#include "tests/pcapng/files.h"
#include "tests/support/temporary_folder.h"

using namespace pcapng;
using namespace std::string_view_literals;
using test::Bytes;
using test::need;

namespace {

Bytes from_text(std::string_view text) {
    return {text.begin(), text.end()};
}

void add_u32(Bytes& out, uint32_t value, ByteOrder order) {
    for (unsigned i = 0; i < 4; ++i) {
        const unsigned shift = order == ByteOrder::kBig ? 24 - 8 * i : 8 * i;
        out.push_back(static_cast<uint8_t>(value >> shift));
    }
}

void add_block(Bytes& out, uint32_t type, std::string_view body, ByteOrder order) {
    const auto length = static_cast<uint32_t>(12 + body.size());
    add_u32(out, type, order);
    add_u32(out, length, order);
    out.insert(out.end(), body.begin(), body.end());
    add_u32(out, length, order);
}

constexpr std::string_view kBigSection =
    "\x1a\x2b\x3c\x4d\0\1\0\0\xff\xff\xff\xff\xff\xff\xff\xff"sv;
constexpr std::string_view kLittleSection =
    "\x4d\x3c\x2b\x1a\1\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"sv;

// The next block, which must be a T.
template <typename T>
T next(Reader& reader) {
    std::optional<Block> block = need(reader.next());
    REQUIRE(block.has_value());
    INFO("variant alternative " << block->index());
    REQUIRE(std::holds_alternative<T>(*block));
    return std::get<T>(*block);
}

void check_end(Reader& reader) {
    CHECK_FALSE(need(reader.next()).has_value());
    CHECK_FALSE(need(reader.next()).has_value());
}

}  // namespace

TEST_CASE("what the Writer wrote is read identically, from a path, a descriptor and memory") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a");
    const Bytes frame = test::udp_frame(13);
    const std::array<uint8_t, 6> mac = {2, 0, 0, 0, 0, 1};
    const JournalField fields[] = {{.name = "MESSAGE", .value = "two\nlines"},
                                   {.name = "_PID", .value = "7"}};
    {
        Writer writer = test::open_writer(
            path, {.hardware = "h", .os = "o", .application = "app", .comments = {"as told"}});
        need(writer.add_interface({.link_type = 1,
                                   .snaplen = 65535,
                                   .name = "eth0",
                                   .description = "up",
                                   .filter = "udp",
                                   .os = "Linux",
                                   .speed = 1000,
                                   .mac = mac}));
        need(writer.darwin_process(7, "curl"));
        need(writer.packet({.time_ns = 1763650000123456789,
                            .data = frame,
                            .wire_length = 100,
                            .direction = Direction::kInbound,
                            .reception = Reception::kBroadcast,
                            .drop_count = 2,
                            .process = ProcessThread{.pid = 7, .tid = 8},
                            .darwin_index = 0,
                            .comment = "pid=7 via=lookup"}));
        need(writer.process_information({.pid = 7,
                                         .name = "curl",
                                         .path = "/c",
                                         .cmdline = "c\0-v"sv,
                                         .ppid = 1,
                                         .uid = 0,
                                         .user = "root",
                                         .start_ns = 5}));
        need(writer.journal_entry(1763650000123456789, fields));
        need(writer.statistics({.time_ns = 9,
                                .start_ns = 1,
                                .end_ns = 2,
                                .received = 3,
                                .dropped = 4,
                                .filter_accepted = 5,
                                .os_dropped = 6,
                                .delivered = 7}));
        need(writer.close());
    }
    const Bytes bytes = test::read_file(path);
    Reader readers[] = {need(Reader::open_file(path)),
                        Reader::from_fd(Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), "fd"),
                        Reader::from_memory(bytes, "memory")};
    for (Reader& reader : readers) {
        const auto section = next<SectionRead>(reader);
        CHECK(section.hardware == "h");
        CHECK(section.os == "o");
        CHECK(section.application == "app");
        CHECK(section.options.find_text(kOptComment) == "as told");
        const auto interface = next<InterfaceRead>(reader);
        CHECK(interface.id == 0);
        CHECK(interface.link_type == 1);
        CHECK(interface.snaplen == 65535);
        CHECK(interface.name == "eth0");
        CHECK(interface.description == "up");
        CHECK(interface.filter == "udp");
        CHECK(interface.os == "Linux");
        CHECK(interface.speed == 1000);
        CHECK(interface.mac == mac);
        const auto darwin = next<DarwinProcessRead>(reader);
        CHECK(darwin.index == 0);
        CHECK(darwin.pid == 7);
        CHECK(darwin.name == "curl");
        const auto packet = next<PacketRead>(reader);
        CHECK(packet.interface_id == 0);
        CHECK(packet.link_type == 1);
        CHECK(packet.has_time);
        CHECK(packet.time_ns == 1763650000123456789);
        CHECK((Bytes(packet.data.begin(), packet.data.end()) == frame));
        CHECK(packet.wire_length == 100);
        CHECK(packet.direction == Direction::kInbound);
        CHECK(packet.reception == Reception::kBroadcast);
        CHECK(packet.drop_count == 2);
        CHECK(packet.process == ProcessThread{.pid = 7, .tid = 8});
        CHECK(packet.darwin_index == 0);
        CHECK(packet.comment == "pid=7 via=lookup");
        CHECK_FALSE(packet.options.damaged());
        const auto process = next<ProcessInformationRead>(reader);
        CHECK(process.pid == 7);
        CHECK(process.name == "curl");
        CHECK(process.path == "/c");
        CHECK(process.cmdline == "c\0-v"sv);
        CHECK(process.ppid == 1);
        CHECK(process.uid == 0);
        CHECK(process.user == "root");
        CHECK(process.start_ns == 5);
        const auto journal = journal_fields(next<JournalRead>(reader).entry);
        REQUIRE(journal.size() == 3);
        CHECK(journal[0].name == "__REALTIME_TIMESTAMP");
        CHECK(journal[0].value == "1763650000123456");
        CHECK(journal[1].value == "two\nlines");
        CHECK(journal[2].name == "_PID");
        const auto statistics = next<StatisticsRead>(reader);
        CHECK(statistics.time_ns == 9);
        CHECK(statistics.start_ns == 1);
        CHECK(statistics.end_ns == 2);
        CHECK(statistics.received == 3);
        CHECK(statistics.dropped == 4);
        CHECK(statistics.filter_accepted == 5);
        CHECK(statistics.os_dropped == 6);
        CHECK(statistics.delivered == 7);
        check_end(reader);
    }
}

TEST_CASE("blocks copied as they are make the same file") {
    for (const char* name : test::kSamples) {
        INFO(name);
        const Bytes bytes = test::read_file(test::sample(name));
        Reader reader = Reader::from_memory(bytes, name);
        Bytes copy;
        for (std::optional<Block> block = need(reader.next()); block.has_value();
             block = need(reader.next())) {
            CHECK(reader.offset() == copy.size());
            copy.insert(copy.end(), reader.raw().begin(), reader.raw().end());
        }
        CHECK((copy == bytes));
    }
}

TEST_CASE("big-endian sections follow little-endian ones and interfaces start again") {
    Bytes file;
    add_block(file, kSectionHeaderBlock, kLittleSection, ByteOrder::kLittle);
    add_block(file, kInterfaceDescriptionBlock, "\1\0\0\0\0\0\0\0"sv, ByteOrder::kLittle);
    add_block(file, kDarwinProcessBlock, "\x2a\0\0\0"sv, ByteOrder::kLittle);
    add_block(file, kSectionHeaderBlock, kBigSection, ByteOrder::kBig);
    add_block(
        file, kInterfaceDescriptionBlock,
        "\0\x65\0\0\0\0\1\0\0\2\0\2vX\0\0\0\x09\0\1\x09\0\0\0\0\x08\0\x08\0\0\0\0\0\0\0\x0a\0\0\0\0"sv,
        ByteOrder::kBig);
    add_block(file, kDarwinProcessBlock, "\0\0\0\x2b\0\2\0\2sh\0\0"sv, ByteOrder::kBig);
    add_block(file, kEnhancedPacketBlock,
              "\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\2\0\0\0\3hi\0\0"
              "\0\2\0\4\0\0\0\1\0\x08\0\x08\0\0\0\x2b\0\0\0\x2c\0\4\0\x08\0\0\0\0\0\0\0\5"
              "\x80\1\0\4\0\0\0\1\0\1\0\1x\0\0\0\0\0\0\0"sv,
              ByteOrder::kBig);
    add_block(file, kInterfaceStatisticsBlock,
              "\0\0\0\0\0\0\0\0\0\0\0\7\0\5\0\x08\0\0\0\0\0\0\0\6"sv, ByteOrder::kBig);
    add_block(file, kCustomBlock, "\0\0\x7f\x6e\3\0\0\0\x08\0\0\0\x2b\0\0\0\0\0\0\0"sv,
              ByteOrder::kBig);
    Reader reader = Reader::from_memory(file, "file");
    (void)next<SectionRead>(reader);
    (void)next<InterfaceRead>(reader);
    CHECK(next<DarwinProcessRead>(reader).index == 0);
    CHECK(next<SectionRead>(reader).byte_order == ByteOrder::kBig);
    const auto interface = next<InterfaceRead>(reader);
    CHECK(interface.id == 0);
    CHECK(interface.link_type == 0x65);
    CHECK(interface.snaplen == 256);
    CHECK(interface.name == "vX");
    CHECK(interface.speed == 10);
    const auto darwin = next<DarwinProcessRead>(reader);
    CHECK(darwin.index == 1);  // of the whole file
    CHECK(darwin.pid == 43);
    const auto packet = next<PacketRead>(reader);
    CHECK(packet.time_ns == 0x100000002);
    CHECK(as_text(packet.data) == "hi");
    CHECK(packet.wire_length == 3);
    CHECK(packet.direction == Direction::kInbound);
    CHECK(packet.process == ProcessThread{.pid = 43, .tid = 44});
    CHECK(packet.drop_count == 5);
    CHECK(packet.darwin_index == 1);
    CHECK(packet.comment == "x");
    const auto statistics = next<StatisticsRead>(reader);
    CHECK(statistics.time_ns == 7);
    CHECK(statistics.dropped == 6);
    CHECK(next<ProcessInformationRead>(reader).pid == 43);  // little-endian all the same
    check_end(reader);
}

TEST_CASE("simple and obsolete packets, names, secrets and unknown blocks are read") {
    Bytes file;
    const auto add = [&file](uint32_t type, std::string_view body) {
        add_block(file, type, body, ByteOrder::kLittle);
    };
    add(kSectionHeaderBlock, kLittleSection);
    add(kInterfaceDescriptionBlock, "\1\0\0\0\3\0\0\0"sv);
    add(kSimplePacketBlock, "\x09\0\0\0abc\0"sv);
    add(kPacketBlock, "\0\0\5\0\0\0\0\0\1\0\0\0\2\0\0\0\2\0\0\0hi\0\0\2\0\4\0\2\0\0\0"sv);
    add(kPacketBlock, "\0\0\xff\xff\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0"sv);
    add(kNameResolutionBlock, "\1\0\6\0\x0a\0\0\1a\0\0\0\0\0\0\0\1\0\2\0hi\0\0"sv);
    add(kDecryptionSecretsBlock, "\x4b\x53\x4c\x54\3\0\0\0key\0"sv);
    add(0x12345678, "what"sv);
    add(kCustomBlock, "\1\0\0\0mine"sv);
    Reader reader = Reader::from_memory(file, "file");
    (void)next<SectionRead>(reader);
    (void)next<InterfaceRead>(reader);
    const auto simple = next<PacketRead>(reader);
    CHECK_FALSE(simple.has_time);
    CHECK(as_text(simple.data) == "abc");
    CHECK(simple.wire_length == 9);
    const auto obsolete = next<PacketRead>(reader);
    CHECK(obsolete.drop_count == 5);
    CHECK(obsolete.time_ns == 1000);  // microseconds without if_tsresol
    CHECK(obsolete.direction == Direction::kOutbound);
    CHECK_FALSE(next<PacketRead>(reader).drop_count.has_value());
    const auto names = next<NameResolutionRead>(reader);
    REQUIRE(names.records.find(1).has_value());
    CHECK(as_text(*names.records.find(1)) == "\x0a\0\0\1a\0"sv);
    CHECK(names.options.find_text(kOptComment) == "hi");
    const auto secrets = next<SecretsRead>(reader);
    CHECK(secrets.type == 0x544c534b);
    CHECK(as_text(secrets.data) == "key");
    const auto unknown = next<UnknownRead>(reader);
    CHECK(unknown.type == 0x12345678);
    CHECK(as_text(unknown.body) == "what");
    CHECK(next<UnknownRead>(reader).type == kCustomBlock);
    check_end(reader);
}

TEST_CASE("timestamps of every resolution become nanoseconds, at the edges the nearest") {
    CHECK(to_nanoseconds(1'500'000, {}) == 1'500'000'000);
    CHECK(to_nanoseconds(7, {.resolution = 9}) == 7);
    CHECK(to_nanoseconds(7, {.resolution = 0}) == 7'000'000'000);
    CHECK(to_nanoseconds(1999, {.resolution = 12}) == 1);
    CHECK(to_nanoseconds(UINT64_MAX, {.resolution = 28}) == 1);
    CHECK(to_nanoseconds(UINT64_MAX, {.resolution = 29}) == 0);
    CHECK(to_nanoseconds(UINT64_MAX, {.resolution = 127}) == 0);
    CHECK(to_nanoseconds(3, {.resolution = 0x81}) == 1'500'000'000);
    CHECK(to_nanoseconds(uint64_t{1} << 63, {.resolution = 0x80 | 63}) == 1'000'000'000);
    CHECK(to_nanoseconds(UINT64_MAX, {.resolution = 0xFF}) == 0);
    CHECK(to_nanoseconds(UINT64_MAX, {.resolution = 0}) == UINT64_MAX);
    CHECK(to_nanoseconds(UINT64_MAX, {.resolution = 9}) == UINT64_MAX);
    CHECK(to_nanoseconds(1, {.resolution = 9, .offset_s = 2}) == 2'000'000'001);
    CHECK(to_nanoseconds(1, {.resolution = 9, .offset_s = -2}) == 0);
    CHECK(to_nanoseconds(5, {.resolution = 0, .offset_s = -2}) == 3'000'000'000);
    CHECK(to_nanoseconds(1, {.resolution = 9, .offset_s = INT64_MAX}) == UINT64_MAX);
    CHECK(to_nanoseconds(1, {.resolution = 9, .offset_s = INT64_MIN}) == 0);
}

TEST_CASE("ptcpdump's comments are found and are not taken for ours") {
    Reader reader = need(Reader::open_file(test::sample("ptcpdump-0.37.pcapng")));
    int with_comment = 0;
    int packets = 0;
    while (std::optional<Block> block = need(reader.next())) {
        if (const auto* packet = std::get_if<PacketRead>(&*block)) {
            ++packets;
            if (!packet->comment.empty()) {
                ++with_comment;
                CHECK(packet->comment.find("PID: ") != std::string_view::npos);
                CHECK_FALSE(packet::parse_comment(packet->comment).has_value());
            }
        }
    }
    CHECK(with_comment > 0);
    CHECK(with_comment < packets);
}

TEST_CASE("an option of the wrong length counts as absent, an index to nowhere is handed on") {
    Reader bad_length = need(Reader::open_file(test::sample("darwin-bad-length.pcapng")));
    (void)next<SectionRead>(bad_length);
    (void)next<InterfaceRead>(bad_length);
    (void)next<DarwinProcessRead>(bad_length);
    CHECK_FALSE(next<PacketRead>(bad_length).darwin_index.has_value());

    Reader bad_index = need(Reader::open_file(test::sample("darwin-bad-index.pcapng")));
    uint32_t largest = 0;
    uint32_t processes = 0;
    while (std::optional<Block> block = need(bad_index.next())) {
        if (const auto* packet = std::get_if<PacketRead>(&*block)) {
            largest = std::max(largest, packet->darwin_index.value_or(0));
        }
        processes += std::holds_alternative<DarwinProcessRead>(*block) ? 1 : 0;
    }
    CHECK(largest >= processes);
}

TEST_CASE("an option that runs past its block ends the options and is told") {
    const Bytes bytes = from_text(
        "\1\0\2\0hi\0\0\2\0\xff\xff"
        "rest"sv);
    const Options options(bytes, ByteOrder::kLittle);
    CHECK(std::distance(options.begin(), options.end()) == 1);
    CHECK(options.find_text(1) == "hi");
    CHECK(options.damaged());
    for (size_t length = 0; length < 12; ++length) {
        const Options cut(std::span<const uint8_t>(bytes).first(length), ByteOrder::kLittle);
        CHECK(std::distance(cut.begin(), cut.end()) == (length >= 6 ? 1 : 0));
    }
}

TEST_CASE("what is no pcapng file is named") {
    const auto message = [](std::string_view text) {
        const Bytes bytes = from_text(text);
        Reader reader = Reader::from_memory(bytes, "f");
        const auto block = reader.next();
        REQUIRE_FALSE(block.ok());
        CHECK(reader.next().error().message == block.error().message);
        return block.error().message;
    };
    CHECK(message("") == "f, offset 0: the file is empty");
    CHECK(message("hello world and more") == "f, offset 0: no pcapng file");
    CHECK(message("hello") == "f, offset 0: no pcapng file");
    CHECK(message("\xd4\xc3\xb2\xa1"sv).find("`editcap -F pcapng`") != std::string::npos);
    CHECK(message("\x1f\x8b\x08\0"sv).find("gunzip") != std::string::npos);
    const Result<Reader> missing = Reader::open_file("/no/such");
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().message == "open /no/such: No such file or directory");
    Reader folder = need(Reader::open_file("/"));
    CHECK(folder.next().error().code == EISDIR);
}
