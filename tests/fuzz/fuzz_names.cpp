// SPDX-License-Identifier: GPL-2.0-only
//
// What clients send, through the readers of names and of hellos. The first byte says what the rest
// is: 0, the stream of a TCP client, cut into segments; 1, frames in protected Initial packets of
// QUIC, which a fuzzer can't make; 2, datagrams as they are; 3, a key log, which has no parts. A
// part is a length (2 bytes, big endian), a number that says which connection id, version or order
// it has, and the bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forensics/analysis/flow_table.h"
#include "forensics/analysis/hello_reader.h"
#include "packet/key_log.h"
#include "tests/forensics/capture_file.h"
#include "tests/support/quic.h"

namespace {

struct Part {
    uint8_t variant = 0;
    std::string bytes;
};

std::vector<Part> parts_of(std::span<const uint8_t> rest) {
    std::vector<Part> parts;
    while (rest.size() >= 3) {
        const size_t length = (size_t{rest[0]} << 8) | rest[1];
        Part& part = parts.emplace_back();
        part.variant = rest[2];
        rest = rest.subspan(3);
        const std::span<const uint8_t> bytes =
            rest.first(length < rest.size() ? length : rest.size());
        part.bytes.assign(bytes.begin(), bytes.end());
        rest = rest.subspan(bytes.size());
    }
    return parts;
}

test::Frame segment(const Part& part, uint32_t& next) {
    // Variants: repeats some, leaves a hole.
    const uint32_t first = next + (part.variant & 1 ? 3 : 0) - (part.variant & 2 ? 2 : 0);
    next += static_cast<uint32_t>(part.bytes.size());
    return test::make(
        test::Segment{.sequence = first, .data = {part.bytes.begin(), part.bytes.end()}});
}

test::Frame datagram(const Part& part) {
    const uint16_t port = (part.variant & 1) != 0 ? 53 : 443;
    return test::make(
        test::Datagram{.target_port = port, .data = {part.bytes.begin(), part.bytes.end()}});
}

std::string initial(const Part& part, uint32_t number) {
    return test::quic_initial({.version = (part.variant & 1) != 0 ? test::kQuic2 : 1,
                               .key_id = (part.variant & 2) != 0 ? "other" : "first",
                               .id = (part.variant & 4) != 0 ? "other" : "first",
                               .number = number,
                               .number_size = static_cast<uint8_t>(1 + ((part.variant >> 3) & 3)),
                               .frames = part.bytes});
}

// What is read of a key log is printed so that it is read again.
void read_key_log(std::string_view text) {
    std::vector<packet::KeyLogLine> lines;
    packet::read_key_log(text, [&](const packet::KeyLogLine& line) { lines.push_back(line); });
    std::string printed;
    packet::append_key_log(printed, lines);
    size_t again = 0;
    packet::read_key_log(printed, [&](const packet::KeyLogLine& line) {
        if (again == lines.size() || !(line == lines[again])) {
            std::abort();
        }
        ++again;
    });
    if (again != lines.size()) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0 || size > 60000) {
        return 0;
    }
    if (data[0] == 3) {
        const void* start = data + 1;
        read_key_log({static_cast<const char*>(start), size - 1});
        return 0;
    }
    test::CaptureFile file;
    uint32_t next = 1000;
    uint32_t number = 0;
    for (const Part& part : parts_of({data + 1, size - 1})) {
        if (data[0] == 0) {
            file.add(segment(part, next), number);
        } else if (data[0] == 1) {
            file.add(datagram({.bytes = initial(part, number)}), number);
        } else {
            file.add(datagram(part), number);
        }
        ++number;
    }
    forensics::HelloReader hellos;
    for (size_t i = 0; i < file.size(); ++i) {
        (void)hellos.packet(file.packet(i));
    }
    const forensics::FlowTable table = file.flows({.questions = true});
    for (const forensics::Flow& flow : table.flows()) {
        if (flow.dns_name.size() > 255 || flow.server_name.size() > 255 ||
            flow.http_host.size() > 255 || flow.dns_question.size() > 255) {
            std::abort();
        }
    }
    return 0;
}
