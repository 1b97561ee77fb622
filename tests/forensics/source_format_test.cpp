// SPDX-License-Identifier: GPL-2.0-only
//
// Formats: what is read is what tshark reads, however the file is written and packed.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <thread>

#include "tests/forensics/source_fixture.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

using forensics::Source;
using test::Bytes;
using test::drain;
using test::Drained;

namespace {

struct Row {
    uint64_t time_ns = 0;
    uint32_t wire_length = 0;
    uint32_t captured = 0;
};

std::vector<Row> by_tshark(const std::string& path) {
    std::vector<Row> rows;
    for (const std::string& line : test::lines(
             test::output_of({"tshark", "-r", path, "-T", "fields", "-E", "separator= ", "-e",
                              "frame.time_epoch", "-e", "frame.len", "-e", "frame.cap_len"}))) {
        std::istringstream words(line);
        Row row;
        uint64_t seconds = 0;
        char point = 0;
        std::string fraction;
        words >> seconds >> point >> fraction >> row.wire_length >> row.captured;
        REQUIRE(fraction.size() == 9);
        row.time_ns = seconds * 1'000'000'000 + std::stoull(fraction);
        rows.push_back(row);
    }
    return rows;
}

void check_as_tshark(const Drained& drained, const std::string& path) {
    const std::vector<Row> rows = by_tshark(path);
    CHECK(drained.error.empty());
    REQUIRE(rows.size() > 1);
    REQUIRE(drained.packets.size() == rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
        INFO("packet " << i + 1);
        CHECK(drained.packets[i].number == i + 1);
        CHECK(drained.packets[i].time_ns == rows[i].time_ns);
        CHECK(drained.packets[i].wire_length == rows[i].wire_length);
        CHECK(drained.packets[i].data.size() == rows[i].captured);
    }
}

const std::string kSample = test::sample("ptcpdump-0.37.pcapng");

void swap(Bytes& bytes, size_t at, size_t size) {
    std::reverse(bytes.begin() + static_cast<long>(at),
                 bytes.begin() + static_cast<long>(at + size));
}

// A little-endian pcap file in the other byte order.
Bytes big_endian(Bytes bytes, size_t head_size) {
    swap(bytes, 0, 4);
    swap(bytes, 4, 2);
    swap(bytes, 6, 2);
    for (size_t at = 8; at < 24; at += 4) {
        swap(bytes, at, 4);
    }
    for (size_t at = 24; at < bytes.size();) {
        const size_t captured = bytes[at + 8] + size_t{256} * bytes[at + 9];
        for (size_t field = 0; field < 16; field += 4) {
            swap(bytes, at + field, 4);
        }
        at += head_size + captured;
    }
    return bytes;
}

void pack(const std::vector<std::string>& command, const std::string& path) {
    test::write_file(path, [&] {
        const std::string out = test::output_of(command);
        return Bytes(out.begin(), out.end());
    }());
}

Bytes joined(const Bytes& first, const Bytes& second) {
    Bytes all = first;
    all.insert(all.end(), second.begin(), second.end());
    return all;
}

}  // namespace

TEST_CASE("pcapng and every pcap format that editcap writes are read as tshark reads them") {
    const test::TemporaryFolder folder;
    check_as_tshark(drain(kSample), kSample);
    for (const char* format : {"pcap", "nsecpcap", "modpcap"}) {
        INFO(format);
        const std::string path = folder.file(format);
        (void)test::output_of({"editcap", "-F", format, "-s", "60", kSample, path});
        const Drained drained = drain(path);
        check_as_tshark(drained, path);
        REQUIRE(drained.interfaces.size() == 1);
        CHECK(drained.interfaces[0].link_type == 1);
        CHECK(drained.packets.front().offset == 24);

        const std::string other = folder.file("big-endian");
        test::write_file(
            other, big_endian(test::read_file(path), std::string(format) == "modpcap" ? 24 : 16));
        const Drained swapped = drain(other);
        check_as_tshark(swapped, other);
        CHECK(swapped.packets.back().data == drained.packets.back().data);
    }
}

TEST_CASE("Ixia's captures are read as tshark reads them") {
    const test::TemporaryFolder folder;
    const std::string plain = folder.file("plain");
    (void)test::output_of({"editcap", "-F", "pcap", kSample, plain});
    const Drained expected = drain(plain);
    for (const uint8_t magic : std::initializer_list<uint8_t>{0xAB, 0xAC}) {
        for (const bool swapped : {false, true}) {
            Bytes bytes = test::read_file(plain);
            const Bytes little = {magic, 0x01, 0x00, 0x1C};
            std::copy(little.begin(), little.end(), bytes.begin());
            if (swapped) {
                bytes = big_endian(bytes, 16);
            }
            bytes.insert(bytes.begin() + 24, 4, 1);  // a length, which isn't looked at
            const std::string path = folder.file("ixia");
            test::write_file(path, bytes);
            const Drained drained = drain(path);
            check_as_tshark(drained, path);
            CHECK(drained.packets.front().offset == 28);
            CHECK(drained.packets.back().data == expected.packets.back().data);
        }
    }
}

TEST_CASE("records that are longer than the magic says are told, with what converts them") {
    const test::TemporaryFolder folder;
    for (const char* format : {"nokiapcap", "rh6_1pcap", "suse6_3pcap"}) {
        CAPTURE(format);
        const std::string path = folder.file(format);
        (void)test::output_of({"editcap", "-F", format, kSample, path});
        CHECK(test::contains(drain(path).error,
                             "if a patched tcpdump wrote the file (Nokia, SuSE 6.3, Red Hat 6.1), "
                             "convert it with `editcap -F pcap FILE NEW`"));
    }
}

TEST_CASE("what other programs have packed or captured is named, with what to do") {
    const test::TemporaryFolder folder;
    const auto error_of = [&](const Bytes& bytes) {
        test::write_file(folder.file("f"), bytes);
        const std::string error = drain(folder.file("f")).error;
        return error.substr(std::min(folder.path().size() + 1, error.size()));
    };
    const std::pair<Bytes, std::string> packed[] = {
        {{0xFD, '7', 'z', 'X', 'Z', 0, 0}, "compressed by xz; unpack it with `xz -dc"},
        {{4, 0x22, 0x4D, 0x18, 0x64}, "compressed by lz4; unpack it with `lz4 -dc"},
        {{'B', 'Z', 'h', '9', '1'}, "compressed by bzip2; unpack it with `bzip2 -dc"},
        {{'P', 'K', 3, 4, 20}, "a zip archive; unpack it with `unzip -p"},
    };
    for (const auto& [start, expected] : packed) {
        CHECK(error_of(start) == "f: " + expected + " FILE | pidcap read -`");
    }
    // What editcap writes in other formats.
    const std::string plain = folder.file("plain");
    (void)test::output_of({"editcap", "-F", "pcap", kSample, plain});
    for (const auto& [format, name] : std::initializer_list<std::pair<const char*, const char*>>{
             {"snoop", "a snoop file"},
             {"netmon2", "a file of Microsoft Network Monitor"},
             {"ngsniffer", "a file of Network General's Sniffer"},
             {"5views", "a file of InfoVista 5View"},
             {"visual", "a file of Visual Networks"}}) {
        CAPTURE(format);
        const std::string path = folder.file(format);
        (void)test::output_of({"editcap", "-F", format, plain, path});
        CHECK(error_of(test::read_file(path)) ==
              "f: " + std::string(name) + "; convert it with `editcap -F pcapng FILE NEW`");
    }
    // A record of ERF as a card writes it, of 2023; then one of a time before there were cards.
    Bytes erf = {0, 0, 0, 0, 0, 0xf1, 0x53, 0x65, 2, 4, 0, 24, 0, 0, 0, 6, 0, 0, 1, 2, 3, 4, 5, 6};
    CHECK(test::contains(error_of(erf), "an ERF file"));
    erf[7] = 1;
    CHECK(test::contains(error_of(erf), "neither pcapng nor pcap"));
    CHECK(test::contains(error_of(Bytes(64)), "neither pcapng nor pcap"));
    const std::string page =
        "# pidcap\n\nA packet capture for Linux that knows the process of every packet.\n";
    CHECK(test::contains(error_of(Bytes(page.begin(), page.end())), "neither pcapng nor pcap"));
}

TEST_CASE("blocks that make no sense are passed over and told") {
    const Drained drained = drain(test::sample("isb.pcapng"));
    CHECK(drained.error.empty());
    CHECK(drained.packets.size() ==
          test::lines(test::output_of({"tshark", "-nr", test::sample("isb.pcapng")})).size());
    CHECK(drained.packets.size() > 0);
    CHECK(drained.skipped.blocks == 1);
    CHECK(test::contains(drained.skipped.first, "isb.pcapng, offset "));
    CHECK(test::contains(drained.skipped.first, "statistics of interface"));
}

TEST_CASE("a file may have more than 65,536 interfaces, as many as memory allows") {
    constexpr uint32_t kInterfaces = 70'000;
    Bytes file = {0x0a, 0x0d, 0x0d, 0x0a, 28,   0,    0,    0,    0x4d, 0x3c, 0x2b, 0x1a, 1, 0,
                  0,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 28,   0,    0, 0};
    const Bytes interface = {1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0};
    for (uint32_t i = 0; i < kInterfaces; ++i) {
        file.insert(file.end(), interface.begin(), interface.end());
    }
    Bytes packet(32);
    packet[0] = 6;
    packet[4] = packet[28] = 32;
    packet[8] = static_cast<uint8_t>(kInterfaces - 1);
    packet[9] = static_cast<uint8_t>((kInterfaces - 1) >> 8);
    packet[10] = static_cast<uint8_t>((kInterfaces - 1) >> 16);
    file.insert(file.end(), packet.begin(), packet.end());
    const Drained drained = drain(file);
    CHECK(drained.error.empty());
    REQUIRE(drained.packets.size() == 1);
    CHECK(drained.packets[0].interface.number == kInterfaces - 1);
}

TEST_CASE("what gzip and zstd have packed is read as it was, also several of them in a row") {
    const test::TemporaryFolder folder;
    const Drained plain = drain(kSample);
    const std::vector<std::vector<std::string>> commands = {
        {"gzip", "-c", kSample},
        {"zstd", "-c", "-q", "--check", kSample},
        {"zstd", "-c", "-q", "-19", "--long=27", kSample},
        {"pzstd", "-c", "-q", kSample}};
    for (const auto& command : commands) {
        INFO(command[0]);
        const std::string path = folder.file("packed");
        pack(command, path);
        check_as_tshark(drain(path), kSample);
        Source source = test::need(Source::open(path));
        while (test::need(source.next()) != nullptr) {
        }
        CHECK(source.bytes_read() == test::read_file(path).size());
        CHECK(source.bytes_total() == test::read_file(path).size());
    }
    // A pcapng file followed by another is one of two sections.
    const std::string pair = folder.file("pair");
    for (const auto& command : commands) {
        pack(command, folder.file("packed"));
        const Bytes one = test::read_file(folder.file("packed"));
        test::write_file(pair, joined(one, one));
        const Drained both = drain(pair);
        CHECK(both.error.empty());
        CHECK(both.packets.size() == 2 * plain.packets.size());
        CHECK(both.interfaces.size() == 2 * plain.interfaces.size());
        CHECK(both.packets.back().interface.number == 4 + 2);
    }
}

TEST_CASE("more than a window of packed data comes out whole") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("large");
    {
        pcapng::Writer writer = test::open_writer(path);
        (void)test::need(writer.add_interface({}));
        Bytes frame = test::udp_frame(1400);
        for (uint32_t i = 0; i < 4000; ++i) {
            for (size_t at = 42; at < frame.size(); ++at) {
                frame[at] = static_cast<uint8_t>(i * 31 + at * (1 + i % 7));
            }
            test::need(writer.packet({.time_ns = i, .data = frame, .wire_length = 1442}));
        }
        test::need(writer.close());
    }
    const Drained plain = drain(path);
    REQUIRE(plain.packets.size() == 4000);
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"gzip", "-c", path}, {"zstd", "-c", "-q", path}}) {
        const std::string packed = folder.file("packed");
        pack(command, packed);
        const Drained unpacked = drain(packed);
        CHECK(unpacked.error.empty());
        REQUIRE(unpacked.packets.size() == 4000);
        CHECK(std::equal(plain.packets.begin(), plain.packets.end(), unpacked.packets.begin(),
                         [](const test::Seen& a, const test::Seen& b) {
                             return a.offset == b.offset && a.data == b.data;
                         }));
    }
}

TEST_CASE("a dash is standard input, which may be a pipe") {
    const Bytes bytes = test::read_file(kSample);
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const pcapng::Fd saved(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    REQUIRE(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    ::close(ends[0]);
    std::thread feeder([&bytes, end = ends[1]] {
        for (size_t at = 0; at < bytes.size(); at += 97) {  // no block in one piece
            (void)!::write(end, bytes.data() + at, std::min<size_t>(97, bytes.size() - at));
        }
        ::close(end);
    });
    auto opened = Source::open("-");
    (void)dup2(saved.get(), STDIN_FILENO);
    REQUIRE(opened.ok());
    CHECK(opened->name() == "standard input");
    CHECK_FALSE(opened->bytes_total().has_value());
    const Drained drained = drain(std::move(opened));
    feeder.join();
    check_as_tshark(drained, kSample);
}

TEST_CASE("what is no capture file is told with its first bytes") {
    const test::TemporaryFolder folder;
    const auto error_of = [&folder](const std::string& content) {
        const std::string path = folder.file("f");
        test::write_file(path, Bytes(content.begin(), content.end()));
        const Drained drained = drain(path);
        CHECK(drained.packets.empty());
        return drained.error.substr(std::min(folder.path().size() + 1, drained.error.size()));
    };
    CHECK(error_of("") == "f, offset 0: the file is empty");
    CHECK(error_of("hello") == "f: starts with 68 65 6c 6c, which is neither pcapng nor pcap");
    CHECK(error_of("\n") == "f: starts with 0a, which is neither pcapng nor pcap");
    CHECK(drain("/no/such").error == "open /no/such: No such file or directory");
    CHECK(drain("/").error == "read /: Is a directory");
    // Packed twice is no capture, either.
    test::write_file(folder.file("text"), Bytes{'h', 'e', 'l', 'l', 'o'});
    pack({"gzip", "-c", folder.file("text")}, folder.file("f"));
    CHECK(test::contains(drain(folder.file("f")).error, "starts with 68 65 6c 6c"));
    const Bytes version_9 = {0xd4, 0xc3, 0xb2, 0xa1, 9, 0, 4, 0, 0, 0, 0, 0,
                             0,    0,    0,    0,    0, 0, 4, 0, 1, 0, 0, 0};
    CHECK(drain(version_9).error == "f, offset 0: pcap of version 9, only 2 is known");
}

TEST_CASE("PKTAP's header names the process of a packet in a pcap file, and its direction") {
    const Drained drained = test::drain(TEST_DATA "/pktap.pcap");
    CHECK(drained.error.empty());
    REQUIRE(drained.packets.size() == 2);
    for (const test::Seen& packet : drained.packets) {
        CHECK(packet.self.who() == "224@-");
        CHECK(packet.self.process->comm == "curl");
    }
    CHECK(drained.packets[0].direction == pcapng::Direction::kOutbound);
    CHECK(drained.packets[0].self_at == forensics::At::kSender);
    REQUIRE(drained.processes.size() == 1);
}
