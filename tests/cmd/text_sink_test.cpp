// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/text_sink.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <thread>

#include "pcapng/fd.h"
#include "tests/packet/line/packet_bytes.h"

using cmd::TextSink;
using packet::Packet;
using pcapng::Fd;

namespace {

struct Pipe {
    Fd reader;
    Fd writer;

    Pipe() {
        std::signal(SIGPIPE, SIG_IGN);  // as main() does
        std::array<int, 2> ends{};
        REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
        reader = Fd(ends[0]);
        writer = Fd(ends[1]);
        REQUIRE(fcntl(writer.get(), F_SETFL, O_NONBLOCK) == 0);
    }
    // Until the other end is closed.
    std::string read_all() const {
        std::string text;
        std::array<char, 4096> part{};
        for (ssize_t size = 0; (size = read(reader.get(), part.data(), part.size())) > 0;) {
            text.append(part.data(), static_cast<size_t>(size));
        }
        return text;
    }
};

struct Traffic {
    packet::Interface interface;
    test::Bytes data = test::ethernet(0x800, test::ipv4(IPPROTO_UDP, test::udp(3)));
    Packet packet;

    Traffic() {
        interface.name = "lo";
        interface.link_type = 1;
        packet.interface = &interface;
        packet.direction = packet::Direction::kInbound;
        packet.data = test::octets(data);
        packet.wire_length = static_cast<uint32_t>(data.size());
        packet.self.via = packet::Via::kUnknown;
    }
};

std::unique_ptr<cmd::PacketPrinter> lines() {
    return std::make_unique<cmd::LinePrinter>(packet::LineStyle{});
}

}  // namespace

TEST_CASE("lines are kept until nothing more is waiting") {
    Pipe pipe;
    const Traffic traffic;
    TextSink sink(pipe.writer.get(), lines());
    REQUIRE(fcntl(pipe.reader.get(), F_SETFL, O_NONBLOCK) == 0);
    REQUIRE(sink.interface(traffic.interface));
    REQUIRE(sink.packet(traffic.packet));
    CHECK(pipe.read_all().empty());
    REQUIRE(sink.idle());
    CHECK_THAT(pipe.read_all(), Catch::EndsWith("length 3\n"));
    REQUIRE(sink.packet(traffic.packet));
    REQUIRE(sink.finish({}));
    CHECK_THAT(pipe.read_all(), Catch::EndsWith("length 3\n"));
}

TEST_CASE("a slow reader of a non-blocking pipe gets every line whole") {
    constexpr int kPackets = 20000;  // far more than a pipe holds
    Pipe pipe;
    const Traffic traffic;
    std::string text;
    std::thread reader([&] { text = pipe.read_all(); });
    TextSink sink(pipe.writer.get(), lines());
    bool ok = true;
    for (int i = 0; i < kPackets; ++i) {
        ok &= sink.packet(traffic.packet).ok();
    }
    ok &= sink.finish({}).ok();
    pipe.writer.reset();
    reader.join();
    REQUIRE(ok);
    CHECK(std::count(text.begin(), text.end(), '\n') == kPackets);
}

TEST_CASE("a reader who left is an error with the code EPIPE, and the end after it is quiet") {
    Pipe pipe;
    const Traffic traffic;
    TextSink sink(pipe.writer.get(), lines());
    pipe.reader.reset();
    REQUIRE(sink.packet(traffic.packet));
    const pcapng::Result<void> gone = sink.idle();
    REQUIRE_FALSE(gone);
    CHECK(gone.error().code == EPIPE);
    REQUIRE(sink.finish({}));
}

TEST_CASE("a capture's conversations have numbers of their own, however many there are") {
    constexpr uint32_t kConversations = 40000;  // more than are remembered
    Traffic traffic;
    cmd::JsonPrinter printer(cmd::PacketsOf::kCapture);
    std::string text;
    for (uint32_t i = 0; i < kConversations; ++i) {
        traffic.data[14 + 20] = static_cast<std::byte>(i >> 8);
        traffic.data[14 + 21] = static_cast<std::byte>(i);
        text.clear();
        printer.append(text, traffic.packet);
        REQUIRE(text.find("\"flow\":" + std::to_string(i) + ",") != std::string::npos);
    }
}
