// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/capture.h"

#include <signal.h>
#include <algorithm>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "pcapng/reader.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace test {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);) {
        parts.push_back(part);
    }
    if (!text.empty() && text.back() == separator && separator != '\n') {
        parts.emplace_back();
    }
    return parts;
}

uint32_t u32_at(const std::string& bytes, size_t offset) {
    uint32_t value = 0;
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

}  // namespace

std::vector<std::string> pidcap_command(const std::vector<std::string>& arguments,
                                        std::vector<std::string> before) {
    before.emplace_back(PIDCAP);
    before.insert(before.end(), arguments.begin(), arguments.end());
    return before;
}

Pidcap::Pidcap(Launch launch)
    : Process([&] {
          launch.arguments = pidcap_command(launch.arguments);
          return std::move(launch);
      }()) {}

Capture::Capture(const Netns& netns, const std::vector<std::string>& arguments)
    : Capture(Launch{.arguments = arguments, .netns = &netns}) {}

Capture::Capture(const Launch& launch) : Pidcap(launch) {
    if (launch.stderr_fd < 0) {
        wait_for("listening on");
    }
}

void Capture::stop() {
    stop(SIGINT);
}

void Capture::stop(int number) {
    signal(number);
    const int status = wait();
    INFO(err());
    REQUIRE(status == 0);
}

CommandResult run_pidcap(const Launch& launch) {
    Pidcap pidcap(launch);
    const int status = pidcap.wait();
    return {status, pidcap.out(), pidcap.err()};
}

CommandResult run_pidcap(const std::vector<std::string>& arguments) {
    return run_pidcap(Launch{.arguments = arguments});
}

std::vector<SeenPacket> packets_of(const std::string& file) {
    constexpr uint32_t kNanosecondMagic = 0xa1b23c4d;
    constexpr size_t kFileHeader = 24;
    constexpr size_t kPacketHeader = 16;
    const TemporaryFolder folder;
    output_of({"editcap", "-F", "nsecpcap", file, folder.file("classic")});
    std::ifstream stream(folder.file("classic"), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    REQUIRE(bytes.size() >= kFileHeader);
    REQUIRE(u32_at(bytes, 0) == kNanosecondMagic);
    std::vector<SeenPacket> packets;
    for (size_t at = kFileHeader; at < bytes.size();) {
        SeenPacket packet;
        packet.time_ns = u32_at(bytes, at) * 1'000'000'000ULL + u32_at(bytes, at + 4);
        packet.wire_len = u32_at(bytes, at + 12);
        const char* data = bytes.data() + at + kPacketHeader;
        packet.data.assign(data, data + u32_at(bytes, at + 8));
        at += kPacketHeader + packet.data.size();
        packets.push_back(std::move(packet));
    }
    return packets;
}

std::vector<uint32_t> numbers_in(const std::string& file, size_t size) {
    std::vector<uint32_t> numbers;
    for (const SeenPacket& packet : packets_of(file)) {
        const auto payload = udp_payload(packet.data);
        REQUIRE(payload);
        REQUIRE(payload->size() == size);
        uint32_t number = 0;
        std::copy_n(payload->begin(), sizeof(number), reinterpret_cast<uint8_t*>(&number));
        numbers.push_back(number);
    }
    return numbers;
}

std::vector<std::vector<std::string>> fields_of(const std::string& file,
                                                const std::vector<std::string>& names,
                                                const std::string& filter) {
    std::vector<std::string> command = {"tshark", "-n", "-r", file, "-T", "fields"};
    for (const std::string& name : names) {
        command.insert(command.end(), {"-e", name});
    }
    if (!filter.empty()) {
        command.insert(command.end(), {"-Y", filter});
    }
    std::vector<std::vector<std::string>> rows;
    for (const std::string& line : split(output_of(command), '\n')) {
        rows.push_back(split(line, '\t'));
        rows.back().resize(names.size());
    }
    return rows;
}

std::map<std::string, int> packets_by_interface(const std::string& file,
                                                const std::string& filter) {
    std::map<std::string, int> counts;
    for (const auto& row : fields_of(file, {"frame.interface_name"}, filter)) {
        counts[row[0]]++;
    }
    return counts;
}

Statistics statistics_of(const std::string& file) {
    auto reader = pcapng::Reader::open_file(file);
    REQUIRE(reader.ok());
    Statistics sum;
    while (true) {
        auto block = reader->next();
        REQUIRE(block.ok());
        if (!*block) {
            return sum;
        }
        if (const auto* statistics = std::get_if<pcapng::StatisticsRead>(&**block)) {
            sum.blocks++;
            sum.received += statistics->received.value_or(0);
            sum.dropped += statistics->os_dropped.value_or(0);
            sum.delivered += statistics->delivered.value_or(0);
        }
    }
}

void require_readable(const std::string& file) {
    const CommandResult capinfos = run({"capinfos", file});
    INFO("capinfos: " << capinfos.err);
    REQUIRE(capinfos.status == 0);
    REQUIRE(capinfos.err.empty());
    const CommandResult tshark = run({"tshark", "-n", "-r", file});
    INFO("tshark: " << tshark.err);
    REQUIRE(tshark.status == 0);
    for (const std::string& line : split(tshark.err, '\n')) {
        REQUIRE(line.starts_with("Running as user"));
    }
    const CommandResult tcpdump = run({"tcpdump", "-n", "-r", file});
    INFO("tcpdump: " << tcpdump.err);
    REQUIRE(tcpdump.status == 0);
    for (const std::string& line : split(tcpdump.err, '\n')) {
        REQUIRE(line.starts_with("reading from file"));
    }
}

}  // namespace test
