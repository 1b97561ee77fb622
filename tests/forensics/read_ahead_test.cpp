// SPDX-License-Identifier: GPL-2.0-only
//
// What a second thread reads ahead is what a Reader returns that reads block by block.
#include "forensics/source/read_ahead.h"

#include <sched.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "forensics/source/decompress.h"
#include "pcapng/format.h"
#include "tests/forensics/source_fixture.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

using forensics::ReadAhead;
using test::Bytes;
using test::need;

namespace {

constexpr size_t kMiB = size_t{1024} * 1024;

void add_u32(Bytes& out, size_t value, bool big) {
    for (unsigned i = 0; i < 4; ++i) {
        out.push_back(static_cast<uint8_t>(value >> (big ? 24 - 8 * i : 8 * i)));
    }
}

void add_block(Bytes& out, uint32_t type, const Bytes& body, bool big = false) {
    add_u32(out, type, big);
    add_u32(out, 12 + body.size(), big);
    out.insert(out.end(), body.begin(), body.end());
    add_u32(out, 12 + body.size(), big);
}

void add_section(Bytes& out, bool big = false) {
    Bytes body;
    add_u32(body, pcapng::kByteOrderMagic, big);
    const Bytes version = big ? Bytes{0, 1, 0, 0} : Bytes{1, 0, 0, 0};
    body.insert(body.end(), version.begin(), version.end());
    body.resize(body.size() + 8, 0xff);
    add_block(out, pcapng::kSectionHeaderBlock, body, big);
    add_block(out, pcapng::kInterfaceDescriptionBlock,
              big ? Bytes{0, 1, 0, 0, 0, 0, 0, 0} : Bytes{1, 0, 0, 0, 0, 0, 0, 0}, big);
}

// Each packet's data are `size` bytes of its number.
void add_packet(Bytes& out, size_t number, size_t size, bool big = false) {
    Bytes body;
    for (const size_t value : {size_t{0}, size_t{0}, number, size, size}) {
        add_u32(body, value, big);
    }
    body.resize(body.size() + pcapng::padded(size), static_cast<uint8_t>(number));
    add_block(out, pcapng::kEnhancedPacketBlock, body, big);
}

Bytes packets(size_t bytes, size_t size) {
    Bytes file;
    add_section(file);
    for (size_t number = 0; file.size() < bytes; ++number) {
        add_packet(file, number, size);
    }
    return file;
}

struct File {
    const char* what;
    Bytes bytes;
};

std::vector<File> files() {
    std::vector<File> all;
    all.push_back({"packets", packets(4 * kMiB, 100)});
    all.push_back({"small ones", packets(3 * kMiB, 0)});

    Bytes cut = packets(3 * kMiB, 100);
    cut.resize(cut.size() - 50);
    all.push_back({"cut", std::move(cut)});

    Bytes damaged = packets(2 * kMiB, 100);
    Bytes wrong;
    add_packet(wrong, 0, 100);
    wrong.back() = 1;
    damaged.insert(damaged.end(), wrong.begin(), wrong.end());
    const Bytes more = packets(2 * kMiB, 100);
    damaged.insert(damaged.end(), more.begin(), more.end());
    all.push_back({"two lengths that differ, in the middle", std::move(damaged)});

    Bytes sections;
    for (size_t number = 0; sections.size() < 3 * kMiB; ++number) {
        add_section(sections, number % 3 == 0);
        add_packet(sections, number, number % 7, number % 3 == 0);
    }
    add_u32(sections, pcapng::kSectionHeaderBlock, false);
    sections.resize(sections.size() + 60, 7);
    all.push_back({"sections of both byte orders, at last without magic", std::move(sections)});

    Bytes problems = packets(2 * kMiB, 10);
    for (size_t number = 0; number < 30000; ++number) {
        add_block(problems, pcapng::kDecryptionSecretsBlock, Bytes(4));
        add_packet(problems, number, 10);
    }
    all.push_back({"blocks that are too short", std::move(problems)});

    Bytes large = packets(2 * kMiB, 100);
    for (size_t number = 0; number < 6; ++number) {
        add_packet(large, number, number % 2 == 0 ? 3 * kMiB : 0);
        add_packet(large, number, 200'000);
    }
    add_block(large, 0x0bad, Bytes(pcapng::kMaxBlockSize + 4));
    add_packet(large, 1, 100);
    add_block(large, 0x0bad, Bytes(pcapng::kMaxBlockSize - 12));
    add_packet(large, 1, 100);
    all.push_back({"large blocks, one too large to be read", std::move(large)});
    return all;
}

// Reads to the end and compares. Returns what is wrong first; empty: nothing.
std::string difference(pcapng::Reader reader, ReadAhead& ahead) {
    for (size_t number = 0;; ++number) {
        const auto expected = reader.next_in_place();
        const auto read = ahead.next();
        const std::string at = "block " + std::to_string(number) + ": ";
        if (!expected.ok() || !read.ok()) {
            const std::string error = expected.ok() ? "no error" : expected.error().message;
            const auto again = ahead.next();
            return !read.ok() && read.error().message == error && !again.ok() &&
                           again.error().message == error
                       ? ""
                       : at + error;
        }
        if (*expected == nullptr || *read == nullptr) {
            return *expected == nullptr && *read == nullptr && need(ahead.next()) == nullptr
                       ? ""
                       : at + "the end";
        }
        const ReadAhead::Read& block = **read;
        if (block.offset != reader.offset() || block.problem != reader.problem() ||
            block.byte_order != reader.byte_order() ||
            !std::ranges::equal(block.raw, reader.raw())) {
            return at + "where it is, or its bytes";
        }
        const auto* packet = std::get_if<pcapng::PacketRead>(&block.block);
        const auto* as = std::get_if<pcapng::PacketRead>(*expected);
        if (block.block.index() != (*expected)->index() ||
            (packet != nullptr &&
             (packet->time_ns != as->time_ns || !std::ranges::equal(packet->data, as->data)))) {
            return at + "what it says";
        }
    }
}

size_t threads() {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                                             std::filesystem::directory_iterator()));
}

bool has_several_cpus() {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    return sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) > 1;
}

}  // namespace

TEST_CASE("blocks that are read ahead are those that are read one by one, and so are errors") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("f");
    for (const File& file : files()) {
        INFO(file.what);
        test::write_file(path, file.bytes);
        for (const bool starts : {true, false}) {
            ReadAhead ahead(need(pcapng::Reader::open_file(path)), packet::KeyedHash());
            if (starts) {
                ahead.start();
            }
            CHECK(difference(pcapng::Reader::from_memory(file.bytes, path), ahead) == "");
        }
    }
}

TEST_CASE("what is packed is unpacked ahead") {
    const test::TemporaryFolder folder;
    const Bytes bytes = packets(4 * kMiB, 100);
    test::write_file(folder.file("f"), bytes);
    (void)test::output_of({"gzip", folder.file("f")});
    const auto unpacked = [&] {
        return pcapng::Input::from_source(
            forensics::decompress(forensics::Compression::kGzip,
                                  need(pcapng::Input::open_file(folder.file("f.gz")))),
            "f");
    };
    ReadAhead ahead(pcapng::Reader{unpacked()}, packet::KeyedHash());
    ahead.start();
    CHECK(difference(pcapng::Reader(unpacked()), ahead) == "");
}

TEST_CASE("the thread begins behind the first MiB, and ends with whoever it reads for") {
    if (!has_several_cpus()) {
        return;
    }
    const test::TemporaryFolder folder;
    const std::string path = folder.file("f");
    test::write_file(path, packets(6 * kMiB, 100));
    const size_t before = threads();
    {
        ReadAhead ahead(need(pcapng::Reader::open_file(path)), packet::KeyedHash());
        ahead.start();
        CHECK(need(ahead.next()) != nullptr);
        CHECK(threads() == before);
        while (need(ahead.next())->offset < 2 * kMiB) {
        }
        CHECK(threads() == before + 1);
    }
    CHECK(threads() == before);
}

TEST_CASE("a Source that reads ahead returns the same packets, of several files, too") {
    const test::TemporaryFolder folder;
    const std::vector<std::string> paths = {folder.file("a"), test::sample("pib.pcapng"),
                                            folder.file("b")};
    test::write_file(paths[0], packets(3 * kMiB, 100));
    Bytes cut = packets(3 * kMiB, 90);
    cut.resize(cut.size() - 8);
    test::write_file(paths[2], cut);
    auto ahead = forensics::Source::open(paths);
    REQUIRE(ahead.ok());
    ahead->read_ahead();
    const test::Drained read = test::drain(std::move(ahead));
    const test::Drained expected = test::drain(forensics::Source::open(paths));
    CHECK(test::contains(read.error, "the block is cut"));
    CHECK(read.error == expected.error);
    REQUIRE(read.packets.size() == expected.packets.size());
    CHECK(std::ranges::equal(read.packets, expected.packets, [](const auto& a, const auto& b) {
        return a.number == b.number && a.offset == b.offset && a.data == b.data &&
               a.interface.number == b.interface.number && a.self.who() == b.self.who();
    }));
}
