// SPDX-License-Identifier: GPL-2.0-only
//
// Files that are cut, changed or made to hurt. Run with the debug preset, the sanitizers see what
// reads beyond the input.
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <variant>

#include "packet/comment.h"
#include "pcapng/reader.h"
#include "tests/pcapng/files.h"

using namespace pcapng;
using test::Bytes;

namespace {

struct Outcome {
    size_t blocks = 0;
    uint64_t sum = 0;  // of all that was read, so that nothing is optimised away
    std::string error = {};
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

TEST_CASE("a block over 16 MiB is refused with its offset") {
    Bytes bytes = test::read_file(test::sample("pib.pcapng"));
    const auto offset = static_cast<size_t>(0x94);
    bytes[offset + 4] = 4;
    bytes[offset + 7] = 1;  // 16 MiB and 4 bytes
    bytes[offset + 5] = bytes[offset + 6] = 0;
    const Outcome outcome = read_all(bytes);
    CHECK(outcome.blocks == 2);
    CHECK(outcome.error == "f, offset 148: a block of 16777220 bytes, at most 16777216 are read");
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
    CHECK(read_all(version).error == "f, offset 0: section of version 2, only 1 is known");
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
    CHECK(outcome.error.find("more than 65536 interfaces") != std::string::npos);
}
