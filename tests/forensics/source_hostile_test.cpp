// SPDX-License-Identifier: GPL-2.0-only
//
// Files that are cut, changed or made to hurt: everything before the damage is handed out, then an
// error says where. Run with the debug preset, the sanitizers see what reads beyond the input.
#include <random>

#include "forensics/source/process_index.h"
#include "tests/forensics/source_fixture.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

using test::Bytes;
using test::drain;
using test::Drained;

namespace {

Bytes packed(const std::vector<std::string>& command) {
    const std::string out = test::output_of(command);
    return {out.begin(), out.end()};
}

// The samples, some of them in other formats.
std::vector<Bytes> files() {
    const test::TemporaryFolder folder;
    std::vector<Bytes> all;
    for (const char* name : test::kSamples) {
        all.push_back(test::read_file(test::sample(name)));
    }
    const std::string sample = test::sample("ptcpdump-0.37.pcapng");
    for (const char* format : {"pcap", "nsecpcap", "modpcap"}) {
        (void)test::output_of({"editcap", "-F", format, sample, folder.file("f")});
        all.push_back(test::read_file(folder.file("f")));
    }
    all.push_back(packed({"gzip", "-c", sample}));
    all.push_back(packed({"zstd", "-c", "-q", "--check", sample}));
    return all;
}

// A file of many packets that doesn't pack well, so that a packed one has many blocks.
Bytes large_file(const test::TemporaryFolder& folder) {
    const std::string path = folder.file("large");
    pcapng::Writer writer = test::open_writer(path);
    (void)test::need(writer.add_interface({}));
    std::mt19937 random(7);
    Bytes frame = test::udp_frame(1000);
    for (uint64_t i = 0; i < 2000; ++i) {
        for (size_t at = 42; at < frame.size(); ++at) {
            frame[at] = static_cast<uint8_t>(random());
        }
        test::need(writer.packet({.time_ns = i, .data = frame, .wire_length = 1042}));
    }
    test::need(writer.close());
    return test::read_file(path);
}

}  // namespace

TEST_CASE(
    "a file cut at any byte gives the packets before, then an error unless a block ends there") {
    for (const Bytes& file : files()) {
        const Drained whole = drain(file);
        REQUIRE(whole.error.empty());
        size_t most = 0;
        for (size_t length = 0; length < file.size(); ++length) {
            // A copy of its own, so that the sanitizer sees its end.
            const Bytes bytes(file.begin(), file.begin() + static_cast<long>(length));
            const Drained cut = drain(bytes);
            INFO("cut to " << length << ": " << cut.error);
            REQUIRE(cut.packets.size() <= whole.packets.size());
            REQUIRE(cut.packets.size() >= most);
            most = cut.packets.size();
            for (size_t i = 0; i < most; ++i) {
                REQUIRE(cut.packets[i].offset == whole.packets[i].offset);
                REQUIRE(cut.packets[i].data == whole.packets[i].data);
                REQUIRE(cut.packets[i].self.who() == whole.packets[i].self.who());
            }
            if (!cut.error.empty()) {
                REQUIRE(cut.error.starts_with("f"));
            }
        }
    }
}

TEST_CASE("a packed file that is cut is never taken for a whole one") {
    const std::string sample = test::sample("ptcpdump-0.37.pcapng");
    for (const Bytes& file :
         {packed({"gzip", "-c", sample}), packed({"zstd", "-c", "-q", "--check", sample})}) {
        for (size_t length = 0; length < file.size(); ++length) {
            INFO("cut to " << length);
            REQUIRE_FALSE(drain(std::span(file).first(length)).error.empty());
        }
    }
}

TEST_CASE("damage in a packed file is told, and what is before it is handed out") {
    const test::TemporaryFolder folder;
    const Bytes plain = large_file(folder);
    const size_t packets = drain(plain).packets.size();
    REQUIRE(packets == 2000);
    struct Packed {
        const char* what;
        Bytes bytes;
        size_t checksum_from_end;
    };
    for (const Packed& packed :
         {Packed{"gzip", ::packed({"gzip", "-c", folder.file("large")}), 5},
          Packed{"zstd", ::packed({"zstd", "-c", "-q", "--check", folder.file("large")}), 1}}) {
        INFO(packed.what);
        Bytes checksum = packed.bytes;
        checksum[checksum.size() - packed.checksum_from_end] ^= 1;
        const Drained wrong = drain(checksum);
        CHECK(wrong.packets.size() == packets);
        CHECK(test::contains(wrong.error, "f, offset " + std::to_string(plain.size()) + ": the " +
                                              packed.what + " data are damaged"));
        const Drained half = drain(std::span(packed.bytes).first(packed.bytes.size() / 2));
        CHECK(half.packets.size() > packets * 4 / 10);
        CHECK(half.packets.size() < packets * 6 / 10);
        CHECK(test::contains(half.error, ": the compressed file is cut"));
        Bytes garbage = packed.bytes;
        garbage.insert(garbage.end(), {'m', 'o', 'r', 'e', '!', '!', '!', '!'});
        const Drained behind = drain(garbage);
        CHECK(behind.packets.size() == packets);
        CHECK(test::contains(behind.error, "data are damaged"));
    }
}

TEST_CASE("lengths that a file only claims cost no memory and are told with their offset") {
    Bytes pcap = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0,
                  0,    0,    0,    0,    0, 0, 4, 0, 1, 0, 0, 0};
    pcap.insert(pcap.end(), {1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 'h', 'i'});
    pcap.insert(pcap.end(), {1, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 3, 0, 0, 0});
    Drained drained = drain(pcap);
    REQUIRE(drained.packets.size() == 1);
    CHECK(drained.packets[0].time_ns == 1'000'002'000);
    CHECK(drained.packets[0].wire_length == 3);
    CHECK(drained.error == "f, offset 42: a packet of 4294967295 bytes, at most 16777216 are read");
    pcap.resize(pcap.size() - 8);
    drained = drain(pcap);
    CHECK(drained.error == "f, offset 42: the record is cut: 8 of 16 bytes");
}

TEST_CASE("files with random bytes changed are read to their end or to an error") {
    std::mt19937 random(20250102);
    size_t errors = 0;
    for (const Bytes& original : files()) {
        for (int round = 0; round < 400; ++round) {
            Bytes bytes = original;
            for (unsigned i = 0; i <= random() % 8; ++i) {
                bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
            }
            errors += drain(bytes).error.empty() ? 0 : 1;
        }
    }
    CHECK(errors > 0);
}

TEST_CASE("of more texts than are kept the long ones are left out, and no process is mistaken") {
    const test::TemporaryFolder folder;
    pcapng::Writer writer = test::open_writer(folder.file("a"));
    (void)test::need(writer.add_interface({}));
    const std::string cmdline(60000, 'B');
    const Bytes frame = test::udp_frame();
    constexpr uint32_t kProcesses = 700;  // 42 MB
    for (uint32_t pid = 1; pid <= kProcesses; ++pid) {
        const std::string comment = "pid=" + std::to_string(pid) +
                                    " st=" + std::to_string(1000 + pid) + " comm=c" +
                                    std::to_string(pid) + " cmdline=" + cmdline;
        test::need(writer.packet({.time_ns = pid, .data = frame, .comment = comment}));
    }
    test::need(writer.close());
    forensics::Source source = test::need(forensics::Source::open(folder.file("a")));
    size_t texts = 0;
    uint32_t pid = 0;
    while (const auto* packet = test::need(source.next())) {
        ++pid;
        REQUIRE(packet->self.process != nullptr);
        CHECK(packet->self.process->pid == pid);
        CHECK(packet->self.process->comm == "c" + std::to_string(pid));
        texts += packet->self.process->cmdline.size();
        CHECK(source.left_texts_out() == packet->self.process->cmdline.empty());
    }
    CHECK(pid == kProcesses);
    CHECK(texts > forensics::ProcessIndex::kMaxTexts / 2);
    CHECK(texts <= forensics::ProcessIndex::kMaxTexts);
}
