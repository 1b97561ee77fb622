// SPDX-License-Identifier: GPL-2.0-only
//
// Files that are cut, changed or made to hurt. Run with the debug preset, the sanitizers see what
// reads beyond the input.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <variant>

#include "packet/comment.h"
#include "pcapng/format.h"
#include "pcapng/reader.h"
#include "tests/pcapng/files.h"

using namespace pcapng;
using test::Bytes;

namespace {

struct Outcome {
    size_t blocks = 0;
    uint64_t sum = 0;  // of all that was read, so that nothing is optimised away
    std::string error = {};
    std::vector<std::string> problems = {};
};

// Uses every byte that a reader may use.
void touch(const Options& options, uint64_t& sum) {
    for (const Option& option : options) {
        for (const uint8_t byte : option.value) {
            sum += byte;
        }
    }
}
void touch(std::string_view text, uint64_t& sum) {
    for (const char c : text) {
        sum += static_cast<uint8_t>(c);
    }
}

void touch(const Block& block, uint64_t& sum) {
    std::visit(
        [&sum](const auto& read) {
            using T = std::decay_t<decltype(read)>;
            if constexpr (std::is_same_v<T, JournalRead>) {
                for (const JournalField& field : journal_fields(read.entry)) {
                    touch(field.name, sum);
                    touch(field.value, sum);
                }
            } else if constexpr (std::is_same_v<T, UnknownRead>) {
                touch(as_text(read.body), sum);
            } else {
                touch(read.options, sum);
            }
            if constexpr (std::is_same_v<T, PacketRead>) {
                touch(as_text(read.data), sum);
                if (const auto comment = packet::parse_comment(read.comment); comment.has_value()) {
                    sum += comment->pairs.size();
                }
            }
            if constexpr (std::is_same_v<T, NameResolutionRead>) {
                touch(read.records, sum);
            }
        },
        block);
}

Outcome read_all(const Bytes& bytes) {
    Reader reader = Reader::from_memory(bytes, "f");
    Outcome outcome;
    uint64_t sum = 0;
    for (;;) {
        const Result<std::optional<Block>> block = reader.next();
        if (!block.ok()) {
            outcome.error = block.error().message;
            break;
        }
        if (!block->has_value()) {
            break;
        }
        touch(**block, sum);
        ++outcome.blocks;
        if (!reader.problem().empty()) {
            outcome.problems.push_back(reader.problem());
        }
    }
    outcome.sum = sum;
    return outcome;
}

std::vector<size_t> block_ends(const Bytes& bytes) {
    std::vector<size_t> ends;
    Reader reader = Reader::from_memory(bytes, "f");
    while (test::need(reader.next()).has_value()) {
        ends.push_back(reader.offset() + reader.raw().size());
    }
    return ends;
}

}  // namespace

TEST_CASE("a file cut at any byte gives the whole blocks before, then an error with the offset") {
    for (const char* name : test::kSamples) {
        const Bytes bytes = test::read_file(test::sample(name));
        const std::vector<size_t> ends = block_ends(bytes);
        for (size_t length = 1; length < bytes.size(); ++length) {
            INFO(name << " cut to " << length);
            // A copy of its own, so that the sanitizer sees its end.
            const Outcome outcome =
                read_all(Bytes(bytes.begin(), bytes.begin() + static_cast<long>(length)));
            size_t whole = 0;
            while (whole < ends.size() && ends[whole] <= length) {
                ++whole;
            }
            CHECK(outcome.blocks == whole);
            const size_t offset = whole == 0 ? 0 : ends[whole - 1];
            if (offset == length) {
                CHECK(outcome.error.empty());
            } else {
                const std::string start = "f, offset " + std::to_string(offset) + ": ";
                CHECK(outcome.error.substr(0, start.size()) == start);
            }
        }
    }
}

TEST_CASE("files with random bytes changed are read to their end or to an error") {
    std::mt19937 random(20250101);
    size_t errors = 0;
    for (const char* name : test::kSamples) {
        const Bytes original = test::read_file(test::sample(name));
        for (int round = 0; round < 3000; ++round) {
            Bytes bytes = original;
            for (unsigned i = 0; i <= random() % 8; ++i) {
                bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
            }
            errors += read_all(bytes).error.empty() ? 0 : 1;
        }
    }
    CHECK(errors > 0);
}

TEST_CASE("files with every 32-bit word made huge or odd are read to their end or to an error") {
    for (const char* name : test::kSamples) {
        const Bytes original = test::read_file(test::sample(name));
        for (size_t at = 0; at + 4 <= std::min<size_t>(original.size(), 2000); at += 2) {
            for (const uint32_t value : {0xFFFFFFFFU, 0x7FFFFFFFU, 0xFFFFU, 0U, 3U, 0x1000000U}) {
                Bytes bytes = original;
                for (size_t i = 0; i < 4; ++i) {
                    bytes[at + i] = static_cast<uint8_t>(value >> (8 * i));
                }
                (void)read_all(bytes);
            }
        }
    }
    SUCCEED();
}

TEST_CASE("a packet over 16 MiB is refused with its offset, another block passed") {
    Bytes bytes = test::read_file(test::sample("pib.pcapng"));
    const auto offset = static_cast<size_t>(0x94);
    bytes[offset + 4] = 4;
    bytes[offset + 7] = 1;  // 16 MiB and 4 bytes
    bytes[offset + 5] = bytes[offset + 6] = 0;
    Outcome outcome = read_all(bytes);
    CHECK(outcome.blocks == 2);
    CHECK(outcome.error == fmt::format("f, offset 148: the block is cut: {} of 16777220 bytes",
                                       bytes.size() - offset));
    bytes[offset] = 6;  // an enhanced packet block
    bytes[offset + 1] = 0;
    outcome = read_all(bytes);
    CHECK(outcome.blocks == 2);
    CHECK(outcome.error == "f, offset 148: a block of 16777220 bytes, at most 16777216 are read");

    for (const bool contradicts : {false, true}) {
        bytes = test::read_file(test::sample("pib.pcapng"));
        Bytes large(kMaxBlockSize + 4);
        large[0] = 0xff;
        for (const size_t at : {size_t{4}, large.size() - 4}) {
            large[at] = contradicts && at != 4 ? 8 : 4;
            large[at + 3] = 1;
        }
        bytes.insert(bytes.begin() + 148, large.begin(), large.end());
        outcome = read_all(bytes);
        if (contradicts) {
            CHECK(outcome.error == "f, offset 148: the block's two lengths differ");
            continue;
        }
        CHECK(outcome.error.empty());
        CHECK(outcome.blocks == block_ends(test::read_file(test::sample("pib.pcapng"))).size() + 1);
        CHECK(outcome.problems ==
              std::vector<std::string>{"a block of 16777220 bytes, at most 16777216 are read"});
    }
}

TEST_CASE("a block that carries no packet and makes no sense doesn't end the file") {
    const Bytes section = {0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0,    0,    0x4d, 0x3c,
                           0x2b, 0x1a, 1,    0,    0,  0, 0xff, 0xff, 0xff, 0xff,
                           0xff, 0xff, 0xff, 0xff, 28, 0, 0,    0};
    const auto block = [](uint32_t type, const Bytes& body) {
        const auto length = static_cast<uint8_t>(body.size() + 12);
        Bytes bytes = {static_cast<uint8_t>(type),
                       static_cast<uint8_t>(type >> 8),
                       static_cast<uint8_t>(type >> 16),
                       static_cast<uint8_t>(type >> 24),
                       length,
                       0,
                       0,
                       0};
        bytes.insert(bytes.end(), body.begin(), body.end());
        bytes.insert(bytes.end(), {length, 0, 0, 0});
        return bytes;
    };
    const struct {
        uint32_t type;
        Bytes body;
        std::string_view problem;
    } blocks[] = {
        {kInterfaceDescriptionBlock, {1, 0, 0, 0}, "interface description is too short"},
        {kInterfaceStatisticsBlock, {0, 0, 0, 0}, "interface statistics is too short"},
        {kInterfaceStatisticsBlock, Bytes(12, 9), "statistics of interface 151587081, of 1 so far"},
        {kDecryptionSecretsBlock, {1, 0, 0, 0, 9, 0, 0, 0}, "decryption secrets is too short"},
        {kDarwinProcessBlock, {}, "Darwin process block is too short"},
        {kNameResolutionBlock, {1, 0, 9, 0}, ""},
        {kJournalExportBlock, {}, ""},
        {kCustomBlock, {}, ""},
        {0x12345678, {}, ""},
    };
    for (const auto& [type, body, problem] : blocks) {
        CAPTURE(type, problem);
        Bytes bytes = section;
        for (const Bytes& next : {block(1, Bytes{1, 0, 0, 0, 0, 0, 0, 0}), block(type, body),
                                  block(kEnhancedPacketBlock, Bytes(20))}) {
            bytes.insert(bytes.end(), next.begin(), next.end());
        }
        const Outcome outcome = read_all(bytes);
        CHECK(outcome.error.empty());
        CHECK(outcome.blocks == 4);
        CHECK(outcome.problems == (problem.empty()
                                       ? std::vector<std::string>{}
                                       : std::vector<std::string>{std::string(problem)}));
    }
}

TEST_CASE("a block that contradicts itself is an error with its offset") {
    const Bytes sample = test::read_file(test::sample("darwin.pcapng"));
    Bytes lengths = sample;
    lengths[0x5c] = 0x64;  // the trailing length of the section header
    CHECK(read_all(lengths).error == "f, offset 0: the block's two lengths differ");
    Bytes captured = sample;
    captured[0xf8] = 0xff;  // the first packet's captured length
    CHECK(read_all(captured).error == "f, offset 228: packet is too short");
    Bytes interface = sample;
    interface[0xec] = 9;  // its interface
    CHECK(read_all(interface).error == "f, offset 228: packet of interface 9, of 1 so far");
    Bytes version = sample;
    version[0x0c] = 2;
    CHECK(read_all(version).error ==
          "f, offset 0: section of version 2.0, only 1.0 and 1.2 are known");
    for (const uint8_t minor : std::initializer_list<uint8_t>{0, 1, 2, 3}) {
        Bytes other = sample;
        other[0x0e] = minor;
        CHECK(read_all(other).error.empty() == (minor == 0 || minor == 2));
    }
}

TEST_CASE("more interfaces than memory should hold are refused") {
    Bytes bytes = {0x0a, 0x0d, 0x0d, 0x0a, 28,   0,    0,    0,    0x4d, 0x3c, 0x2b, 0x1a, 1, 0,
                   0,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 28,   0,    0, 0};
    const Bytes interface = {1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0};
    for (size_t i = 0; i <= kMaxInterfaces; ++i) {
        bytes.insert(bytes.end(), interface.begin(), interface.end());
    }
    const Outcome outcome = read_all(bytes);
    CHECK(outcome.blocks == 1 + kMaxInterfaces);
    CHECK(outcome.error.find(fmt::format("more than {} interfaces", kMaxInterfaces)) !=
          std::string::npos);
}
