// SPDX-License-Identifier: GPL-2.0-only
//
// The Writer's blocks against bytes written down by hand from the draft and from FACTS.
#include "pcapng/writer.h"

#include <endian.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "tests/pcapng/files.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

using namespace pcapng;
using namespace std::string_literals;
using namespace std::string_view_literals;
using test::Bytes;
using test::need;

namespace {

// A file with one interface, and the bytes that come after it.
class WrittenBlocks {
  public:
    explicit WrittenBlocks(uint32_t snaplen = 0) : writer(test::open_writer(folder_.file("a"))) {
        REQUIRE(need(writer.add_interface({.snaplen = snaplen, .name = "eth0"})) == 0);
        before_ = writer.bytes();
    }
    std::string bytes() {
        need(writer.close());
        const Bytes all = test::read_file(folder_.file("a"));
        CHECK(all.size() == writer.bytes());
        return {all.begin() + static_cast<std::ptrdiff_t>(before_), all.end()};
    }

  private:
    test::TemporaryFolder folder_;

  public:
    Writer writer;

  private:
    uint64_t before_ = 0;
};

std::string le32(size_t value) {
    std::string bytes;
    for (int shift = 0; shift < 32; shift += 8) {
        bytes += static_cast<char>(value >> shift & 0xff);
    }
    return bytes;
}

// An enhanced packet block of interface 0 and time 0, nothing of it cut.
std::string packet_block(std::span<const uint8_t> data, std::string_view options) {
    std::string padded(data.begin(), data.end());
    padded.resize((padded.size() + 3) / 4 * 4);
    const size_t total = 32 + padded.size() + options.size();
    return le32(6) + le32(total) + le32(0) + le32(0) + le32(0) + le32(data.size()) +
           le32(data.size()) + padded + std::string(options) + le32(total);
}

Bytes counting_bytes(size_t size) {
    Bytes bytes(size);
    for (size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<uint8_t>(i * 31 >> 3);
    }
    return bytes;
}

// Around the size from which data aren't copied, and far beyond.
constexpr size_t kSizes[] = {1,     16384, 16383, 5,     16385, 16386, 16387, 3,
                             65535, 65536, 16382, 20001, 65549, 0,     262144};

std::string drain(const Fd& fd) {
    std::string all;
    char chunk[10000];
    for (ssize_t count = 1; count > 0;) {
        count = ::read(fd.get(), chunk, sizeof(chunk));
        all.append(chunk, count > 0 ? static_cast<size_t>(count) : 0);
    }
    return all;
}

}  // namespace

TEST_CASE("a section header has no length, little-endian magic and its options") {
    const test::TemporaryFolder folder;
    Writer writer = test::open_writer(
        folder.file("a"),
        {.hardware = "arm", .os = "Linux", .application = "app", .comments = {"hi"}});
    need(writer.close());
    const Bytes bytes = test::read_file(folder.file("a"));
    CHECK(std::string(bytes.begin(), bytes.end()) ==
          "\x0a\x0d\x0d\x0a\x44\0\0\0\x4d\x3c\x2b\x1a\1\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"
          "\2\0\3\0arm\0\3\0\5\0Linux\0\0\0\4\0\3\0app\0\1\0\2\0hi\0\0\0\0\0\0\x44\0\0\0"sv);
}

TEST_CASE("an interface has nanoseconds and every option that is given") {
    WrittenBlocks file;
    CHECK(need(file.writer.add_interface({.link_type = 0x0102,
                                          .snaplen = 0x40000,
                                          .name = "wlan0",
                                          .description = "home",
                                          .filter = "tcp",
                                          .os = "Linux",
                                          .speed = 0x0102030405060708,
                                          .mac = std::array<uint8_t, 6>{1, 2, 3, 4, 5, 6}})) == 1);
    CHECK(file.bytes() ==
          "\1\0\0\0\x60\0\0\0\2\1\0\0\0\0\4\0"
          "\2\0\5\0wlan0\0\0\0\3\0\4\0home\6\0\6\0\1\2\3\4\5\6\0\0"
          "\x08\0\x08\0\x08\7\6\5\4\3\2\1\x09\0\1\0\x09\0\0\0\x0b\0\4\0\0tcp"
          "\x0c\0\5\0Linux\0\0\0\0\0\0\0\x60\0\0\0"sv);
}

TEST_CASE("a packet without options has none, not even their end") {
    WrittenBlocks file;
    const Bytes data = {'d', 'a', 't', 'a', '!'};
    need(file.writer.packet({.time_ns = 0x0102030405060708, .data = data, .wire_length = 9}));
    CHECK(file.bytes() ==
          "\6\0\0\0\x28\0\0\0\0\0\0\0\4\3\2\1\x08\7\6\5\5\0\0\0\x09\0\0\0data!\0\0\0\x28\0\0\0"sv);
}

TEST_CASE("a packet's options are flags, drops, process and thread, Darwin index, comment") {
    WrittenBlocks file;
    const uint32_t index = need(file.writer.darwin_process(0x0a0b0c0d, "curl"));
    const Bytes data = {'d', 'a', 't', 'a'};
    need(file.writer.packet({.data = data,
                             .wire_length = 4,
                             .direction = Direction::kOutbound,
                             .reception = Reception::kMulticast,
                             .drop_count = 3,
                             .process = ProcessThread{.pid = 0x01020304, .tid = 5},
                             .darwin_index = index,
                             .comment = "pid=1"}));
    CHECK(file.bytes() ==
          "\1\0\0\x80\x1c\0\0\0\x0d\x0c\x0b\x0a\2\0\4\0curl\0\0\0\0\x1c\0\0\0"
          "\6\0\0\0\x5c\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\4\0\0\0\4\0\0\0data"
          "\2\0\4\0\x0a\0\0\0\4\0\x08\0\3\0\0\0\0\0\0\0\x08\0\x08\0\4\3\2\1\5\0\0\0"
          "\1\x80\4\0\0\0\0\0\1\0\5\0pid=1\0\0\0\0\0\0\0\x5c\0\0\0"sv);
}

TEST_CASE("packets of every size are the same blocks, whether in a file or a pipe") {
    const auto options =
        "\2\0\4\0\x0a\0\0\0\4\0\x08\0\3\0\0\0\0\0\0\0\x08\0\x08\0\4\3\2\1\5\0\0\0"
        "\1\x80\4\0\0\0\0\0\1\0\5\0pid=1\0\0\0\0\0\0\0"sv;
    const bool has_options = GENERATE(true, false);
    const auto write_all = [has_options, options](Writer& writer) {
        need(writer.add_interface({.name = "eth0"}));
        const uint32_t index = need(writer.darwin_process(1, "curl"));
        const uint64_t before = writer.bytes();
        std::string expected;
        for (const size_t size : kSizes) {
            const Bytes data = counting_bytes(size);
            PacketBlock packet = {.data = data};
            if (has_options) {
                packet = {.data = data,
                          .direction = Direction::kOutbound,
                          .reception = Reception::kMulticast,
                          .drop_count = 3,
                          .process = ProcessThread{.pid = 0x01020304, .tid = 5},
                          .darwin_index = index,
                          .comment = "pid=1"};
            }
            need(writer.packet(packet));
            expected += packet_block(data, has_options ? options : ""sv);
            CHECK(writer.bytes() == before + expected.size());
        }
        need(writer.close());
        CHECK(writer.bytes() == before + expected.size());
        return expected;
    };

    const test::TemporaryFolder folder;
    Writer file = test::open_writer(folder.file("a"));
    const std::string expected = write_all(file);
    const Bytes bytes = test::read_file(folder.file("a"));
    const std::string in_file(bytes.begin(), bytes.end());
    REQUIRE(in_file.size() == file.bytes());
    CHECK((in_file.substr(in_file.size() - expected.size()) == expected));

    int ends[2] = {};
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const Fd reader(ends[0]);
    std::string in_pipe;
    std::thread slow([&] { in_pipe = drain(reader); });
    {
        Writer pipe = need(Writer::create(Output::from_fd(Fd(ends[1]), "pipe"), {}));
        write_all(pipe);
        CHECK(pipe.bytes() == in_file.size());
    }
    slow.join();
    CHECK((in_pipe == in_file));
}

TEST_CASE("a reader and tshark see large packets between small ones as they were written") {
    const test::TemporaryFolder folder;
    Writer writer = test::open_writer(folder.file("a"));
    need(writer.add_interface({.name = "eth0"}));
    std::vector<Bytes> frames;
    std::vector<std::string> expected;
    for (const size_t payload : {16U, 16342U, 16U, 16343U, 40001U, 16341U, 16U, 65000U, 20000U}) {
        frames.push_back(test::udp_frame(payload));
        const std::string comment = fmt::format("pid={} via=socket", frames.size());
        need(writer.packet({.time_ns = 1'763'650'000'000'000'000 + frames.size(),
                            .data = frames.back(),
                            .drop_count = frames.size(),
                            .comment = comment}));
        expected.push_back(
            fmt::format("{0}|{0}|{1}|{2}", frames.back().size(), frames.size(), comment));
    }
    need(writer.close());
    CHECK(test::lines(test::output_of({"tshark", "-n", "-r", folder.file("a"), "-T", "fields", "-E",
                                       "separator=|", "-e", "frame.len", "-e", "frame.cap_len",
                                       "-e", "frame.drop_count", "-e", "frame.comment"})) ==
          expected);
    Reader reader = need(Reader::open_file(folder.file("a")));
    size_t packets = 0;
    while (const std::optional<Block> block = need(reader.next())) {
        if (const auto* packet = std::get_if<PacketRead>(&*block)) {
            const Bytes data(packet->data.begin(), packet->data.end());
            CHECK((data == frames.at(packets++)));
            CHECK(packet->time_ns == 1'763'650'000'000'000'000 + packets);
        }
    }
    CHECK(packets == frames.size());
}

TEST_CASE("a large packet is in the file once packet() returns, with all before it") {
    const test::TemporaryFolder folder;
    Writer writer = test::open_writer(folder.file("a"));
    need(writer.add_interface({.name = "eth0"}));
    need(writer.packet({.data = Bytes(100)}));
    CHECK(test::read_file(folder.file("a")).empty());
    {
        const Bytes gone(16384, 'x');
        need(writer.packet({.data = gone}));
    }
    CHECK(test::read_file(folder.file("a")).size() == writer.bytes());
    const uint64_t before = writer.bytes();
    need(writer.packet({.data = Bytes(100)}));
    CHECK(test::read_file(folder.file("a")).size() == before);
}

TEST_CASE("a large packet is cut to its interface's snaplen, to a small one too") {
    const Bytes data = counting_bytes(20001);
    for (const uint32_t snaplen : {16383U, 16384U, 16385U, 20000U, 20001U, 20002U}) {
        CAPTURE(snaplen);
        WrittenBlocks file(snaplen);
        need(file.writer.packet({.data = data}));
        std::string expected =
            packet_block(std::span(data).first(std::min<size_t>(snaplen, data.size())), {});
        expected.replace(24, 4, le32(data.size()));
        CHECK((file.bytes() == expected));
    }
}

TEST_CASE("options that were encoded before are the same bytes as with the packet") {
    const std::string long_comment = "pid=1 comm=x cmdline=" + std::string(70000, 'x');
    const std::vector<PacketBlock> kinds = {
        {},
        {.comment = "pid=1"},
        {.comment = long_comment},
        {.direction = Direction::kInbound},
        {.drop_count = 0},
        {.process = ProcessThread{.pid = 7, .tid = 8}},
        {.darwin_index = 0},
        {.time_ns = 0x0102030405060708,
         .wire_length = 300000,
         .direction = Direction::kOutbound,
         .reception = Reception::kMulticast,
         .drop_count = 3,
         .process = ProcessThread{.pid = 7, .tid = 8},
         .darwin_index = 1,
         .comment = "pid=7"},
    };
    WrittenBlocks usual;
    WrittenBlocks before;
    for (WrittenBlocks* file : {&usual, &before}) {
        need(file->writer.darwin_process(1, "a"));
        need(file->writer.darwin_process(2, "b"));
    }
    ByteBuffer options;  // one after the other
    for (PacketBlock packet : kinds) {
        const size_t from = options.size();
        need(before.writer.encode_options(packet, options));
        for (const size_t size : kSizes) {
            const Bytes data = counting_bytes(size);
            packet.data = data;
            need(usual.writer.packet(packet));
            PacketBlock bare;  // the options aren't made of these
            bare.time_ns = packet.time_ns;
            bare.data = data;
            bare.wire_length = std::max(packet.wire_length, static_cast<uint32_t>(size));
            need(before.writer.packet(bare, options.view().subspan(from)));
        }
    }
    CHECK((before.bytes() == usual.bytes()));
}

TEST_CASE("a wire length below the captured one is kept beside encoded options") {
    WrittenBlocks file;
    const Bytes data = {'d', 'a', 't', 'a'};
    need(file.writer.packet({.data = data, .wire_length = 3}, {}));
    CHECK(file.bytes() == packet_block(data, {}).replace(24, 4, le32(3)));
}

TEST_CASE("what options are made of isn't looked at beside encoded ones") {
    WrittenBlocks file;
    const Bytes data = {'d', 'a', 't', 'a'};
    need(file.writer.packet({.data = data,
                             .wire_length = 4,
                             .direction = Direction::kOutbound,
                             .drop_count = 3,
                             .process = ProcessThread{.pid = 7, .tid = 8},
                             .darwin_index = 99,
                             .comment = "pid=7"},
                            {}));
    CHECK(file.bytes() == packet_block(data, {}));
}

TEST_CASE("process information is the sample's, byte for byte") {
    const Bytes sample = test::read_file(test::sample("pib.pcapng"));
    WrittenBlocks file;
    need(file.writer.process_information({.pid = 1234,
                                          .name = "curl",
                                          .path = "/usr/bin/curl",
                                          .cmdline = "curl\0-v\0http://x/\0"sv,
                                          .ppid = 1,
                                          .uid = 1000,
                                          .user = "alice",
                                          .start_ns = 0x1879be54ae1e2000}));
    CHECK(file.bytes() == std::string(sample.begin() + 0x94, sample.begin() + 0x110));
}

TEST_CASE("a journal entry is the sample's, byte for byte, lines in binary form") {
    const Bytes sample = test::read_file(test::sample("journal.pcapng"));
    WrittenBlocks file;
    const JournalField fields[] = {{.name = "MESSAGE", .value = "multi\nline"},
                                   {.name = "_PID", .value = "77"},
                                   {.name = "_COMM", .value = "sh"}};
    need(file.writer.journal_entry(1763650000002000999, fields));
    CHECK(file.bytes() == std::string(sample.begin() + 0x20c, sample.begin() + 0x26c));
}

TEST_CASE("a journal value can't forge a field or reach a terminal") {
    WrittenBlocks file;
    const JournalField fields[] = {{.name = "_COMM", .value = "a\n_UID=0\n\x1b[2J\xff\t"}};
    need(file.writer.journal_entry(0, fields));
    CHECK(file.bytes().find("_COMM\n\x13\0\0\0\0\0\0\0a\n_UID=0\n%1B[2J%FF\t\n"sv) !=
          std::string::npos);
}

TEST_CASE("statistics have the counters that are given, times high half first") {
    WrittenBlocks file;
    need(file.writer.statistics({.time_ns = 0x0102030405060708,
                                 .start_ns = 0x1100000022,
                                 .end_ns = 0x3300000044,
                                 .received = 4,
                                 .dropped = 5,
                                 .filter_accepted = 6,
                                 .os_dropped = 7,
                                 .delivered = 8}));
    CHECK(file.bytes() ==
          "\5\0\0\0\x70\0\0\0\0\0\0\0\4\3\2\1\x08\7\6\5"
          "\2\0\x08\0\x11\0\0\0\x22\0\0\0\3\0\x08\0\x33\0\0\0\x44\0\0\0"
          "\4\0\x08\0\4\0\0\0\0\0\0\0\5\0\x08\0\5\0\0\0\0\0\0\0\6\0\x08\0\6\0\0\0\0\0\0\0"
          "\7\0\x08\0\7\0\0\0\0\0\0\0\x08\0\x08\0\x08\0\0\0\0\0\0\0\0\0\0\0\x70\0\0\0"sv);
}

TEST_CASE("statistics without counters are written") {
    WrittenBlocks file;
    need(file.writer.statistics({}));
    CHECK(file.bytes().size() == 28);
}

TEST_CASE("a packet is cut to its interface's snaplen, its wire length is not") {
    for (const uint32_t snaplen : {4U, 0U}) {
        WrittenBlocks file(snaplen);
        const Bytes data(kMaxPacketSize + 1, 'x');
        need(file.writer.packet({.data = data, .wire_length = 1}));
        const std::string bytes = file.bytes();
        const uint32_t kept = snaplen == 0 ? kMaxPacketSize : snaplen;
        const Bytes block(bytes.begin(), bytes.end());
        CHECK(decode<uint32_t>(std::span(block).subspan(20), ByteOrder::kLittle) == kept);
        CHECK(decode<uint32_t>(std::span(block).subspan(24), ByteOrder::kLittle) == data.size());
    }
}

TEST_CASE("a comment that is too long for an option is cut between code points") {
    WrittenBlocks file;
    need(file.writer.packet({.comment = std::string(65534, 'x') + "é" + std::string(4000, 'x')}));
    CHECK(file.bytes().find("\1\0\xfe\xff"s + std::string(65534, 'x') + "\0\0"s) !=
          std::string::npos);
}

TEST_CASE("what would make the file unreadable is refused and nothing is written") {
    WrittenBlocks file;
    const Result<void> packet = file.writer.packet({.interface_id = 1});
    REQUIRE_FALSE(packet.ok());
    CHECK(packet.error().message.find("packet of interface 1: ") == 0);
    CHECK_FALSE(file.writer.packet({.darwin_index = 0}).ok());
    CHECK_FALSE(file.writer.statistics({.interface_id = 7}).ok());
    CHECK(file.bytes().empty());
}

TEST_CASE("a large packet that is refused leaves nothing behind, nor do its options") {
    WrittenBlocks file;
    const Bytes large(20001, 'x');
    ByteBuffer options;
    CHECK_FALSE(file.writer.packet({.interface_id = 1, .data = large}).ok());
    CHECK_FALSE(file.writer.packet({.interface_id = 1, .data = large}, options.view()).ok());
    CHECK_FALSE(file.writer.packet({.data = large, .darwin_index = 0}).ok());
    const Result<void> encoded =
        file.writer.encode_options({.darwin_index = 0, .comment = "pid=1"}, options);
    REQUIRE_FALSE(encoded.ok());
    CHECK(encoded.error().message.find("packet of Darwin process 0: ") == 0);
    CHECK(options.size() == 0);

    need(file.writer.darwin_process(1, "a"));
    need(file.writer.encode_options({.darwin_index = 0}, options));
    CHECK(options.size() == 12);
    CHECK_FALSE(file.writer.encode_options({.darwin_index = 1}, options).ok());
    CHECK(options.size() == 12);
    need(file.writer.packet({.data = large, .wire_length = 20001}, options.view()));
    const std::string expected = packet_block(large, "\1\x80\4\0\0\0\0\0\0\0\0\0"sv);
    const std::string bytes = file.bytes();
    CHECK(bytes.size() == 28 + expected.size());
    CHECK((bytes.substr(bytes.size() - expected.size()) == expected));
}

TEST_CASE("interfaces and Darwin processes are counted apart from 0, at any time") {
    WrittenBlocks file;
    CHECK(need(file.writer.darwin_process(1, "a")) == 0);
    need(file.writer.packet({.darwin_index = 0}));
    CHECK(need(file.writer.add_interface({.name = "late"})) == 1);
    CHECK(need(file.writer.darwin_process(2, "b")) == 1);
    need(file.writer.packet({.interface_id = 1, .darwin_index = 1}));
}

TEST_CASE("names in blocks are safe to show") {
    WrittenBlocks file;
    need(file.writer.darwin_process(1, "a\x1b[31m"));
    CHECK(file.bytes().find("a%1B[31m") != std::string::npos);
}

TEST_CASE("a block that no reader would take isn't written, and the writer goes on") {
    const test::TemporaryFolder folder;
    Writer writer = test::open_writer(folder.file("a"));
    need(writer.add_interface({.name = "eth0"}));
    const uint64_t before = writer.bytes();
    const Bytes largest(pcapng::kMaxBlockSize - 12);
    const Bytes larger(largest.size() + 4);
    const auto refused = writer.block(pcapng::kCustomBlock, larger);
    CHECK(pcapng::is_too_large(refused));
    CHECK(writer.bytes() == before);
    need(writer.block(pcapng::kCustomBlock, largest));
    const Bytes frame = test::udp_frame(40000);  // written beside the buffer
    CHECK(pcapng::is_too_large(
        writer.packet({.data = frame}, Bytes(pcapng::kMaxBlockSize - 32 - 40000))));
    need(writer.packet({.data = frame}));
    need(writer.close());
    auto reader = need(pcapng::Reader::open_file(folder.file("a")));
    size_t blocks = 0;
    while (need(reader.next())) {
        blocks++;
    }
    CHECK(blocks == 4);
}

TEST_CASE("a key log becomes a decryption secrets block, and no line becomes none") {
    WrittenBlocks file;
    need(file.writer.tls_keys(""));
    need(file.writer.tls_keys("A b c\n"));
    need(file.writer.tls_keys(""));
    CHECK(file.bytes() ==
          le32(10) + le32(28) + le32(0x544c534b) + le32(6) + "A b c\n\0\0"s + le32(28));
}

TEST_CASE("a long key log becomes several blocks of whole lines") {
    WrittenBlocks file;
    const std::string line = "LABEL " + std::string(64, '1') + " " + std::string(200, '2') + "\n";
    std::string lines;
    while (lines.size() < 3 * kMaxKeyLog) {
        lines += line;
    }
    need(file.writer.tls_keys(lines));
    const std::string bytes = file.bytes();
    std::string read;
    size_t blocks = 0;
    for (size_t at = 0; at < bytes.size(); ++blocks) {
        const auto number = [&](size_t offset) {
            uint32_t value = 0;
            std::memcpy(&value, bytes.data() + at + offset, sizeof value);
            return le32toh(value);
        };
        REQUIRE(number(0) == kDecryptionSecretsBlock);
        const std::string some = bytes.substr(at + 16, number(12));
        CHECK(some.size() <= kMaxKeyLog);
        CHECK(some.size() % line.size() == 0);
        read += some;
        at += number(4);
    }
    CHECK(blocks == 4);
    CHECK(read == lines);
}
