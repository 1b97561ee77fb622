// SPDX-License-Identifier: GPL-2.0-only
//
// Packets of every size: whole unless -s says less, to the last byte, on both sides of every size
// class of a record (bpf/record.h).
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <thread>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;

constexpr size_t kEthernet = 14;

// A frame of exactly this size, of an EtherType for experiments (IEEE Std 802: 0x88b5).
std::vector<uint8_t> frame_of(uint32_t number, size_t size) {
    std::vector<uint8_t> frame = payload_of(number, size);
    std::fill_n(frame.begin(), kEthernet - 2, uint8_t{0});
    frame[12] = 0x88;
    frame[13] = 0xb5;
    return frame;
}

std::vector<size_t> sizes_around_classes() {
    std::vector<size_t> sizes = {15, 60};
    const std::initializer_list<size_t> classes = {64,    128,   192,   256,   384,    512,
                                                   768,   1024,  1536,  2304,  4096,   9216,
                                                   16384, 32768, 49152, 65664, 131072, 262144};
    for (size_t bytes : classes) {
        sizes.insert(sizes.end(), {bytes - 1, bytes, bytes + 1});
    }
    sizes.push_back(280'000);  // beyond the largest snaplen
    return sizes;
}

// Sends frames of all these sizes over lo, and returns what pidcap makes of them.
struct Sizes {
    std::vector<std::vector<uint8_t>> sent;
    std::vector<SeenPacket> seen;

    explicit Sizes(const std::vector<std::string>& options) {
        const Netns netns;
        const TemporaryFolder folder;
        const std::string file = folder.file("sizes.pcapng");
        netns.ip("link set lo mtu 300000");
        const pcapng::Fd socket = packet_socket(netns, "lo");
        const int bytes = 4 << 20;
        setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
        std::vector<std::string> arguments = {"-i", "lo", "-w", file};
        arguments.insert(arguments.end(), options.begin(), options.end());
        Capture capture(netns, arguments);
        for (size_t size : sizes_around_classes()) {
            sent.push_back(frame_of(static_cast<uint32_t>(size), size));
            REQUIRE(send(socket.get(), sent.back().data(), size, 0) == static_cast<ssize_t>(size));
        }
        capture.stop();
        CHECK(totals_of(capture.err()).dropped == 0);
        seen = packets_of(file);
        require_readable(file);
    }
};

void require_cut_at(const Sizes& sizes, size_t snaplen) {
    REQUIRE(sizes.seen.size() == sizes.sent.size());
    for (size_t i = 0; i < sizes.sent.size(); i++) {
        const auto& sent = sizes.sent[i];
        INFO("a frame of " << sent.size() << " bytes");
        CHECK(sizes.seen[i].wire_len == sent.size());
        REQUIRE(sizes.seen[i].data.size() == std::min(sent.size(), snaplen));
        CHECK(std::equal(sizes.seen[i].data.begin(), sizes.seen[i].data.end(), sent.begin()));
    }
}

std::vector<uint8_t> receive_all(const pcapng::Fd& socket, size_t size) {
    std::vector<uint8_t> bytes(size);
    size_t got = 0;
    while (got < size) {
        const ssize_t count = recv(socket.get(), bytes.data() + got, size - got, 0);
        if (count <= 0) {
            break;
        }
        got += static_cast<size_t>(count);
    }
    bytes.resize(got);
    return bytes;
}

}  // namespace

TEST_CASE("packets of every size up to the largest snaplen are captured whole") {
    require_cut_at(Sizes({}), 262144);
}

TEST_CASE("a snaplen cuts packets to the byte and keeps their length") {
    for (size_t snaplen : {size_t{1}, size_t{64}, size_t{96}, size_t{65}, size_t{262144}}) {
        INFO("-s " << snaplen);
        require_cut_at(Sizes({"-s", std::to_string(snaplen)}), snaplen);
    }
}

TEST_CASE("datagrams of up to 64 KiB over lo are captured whole") {
    const Loopback lo;
    const TemporaryFolder folder;
    const std::string file = folder.file("lo.pcapng");
    Capture capture(lo.netns, {"-i", "lo", "-w", file});
    const std::vector<size_t> sizes = {4, 22, 1472, 1473, 9000, 32768, 65000, 65506, 65507};
    for (size_t size : sizes) {
        REQUIRE(send_numbered(lo.sender, static_cast<uint32_t>(size), 1, size) == 1);
    }
    capture.stop();
    const auto packets = packets_of(file);
    REQUIRE(packets.size() == sizes.size());
    for (size_t i = 0; i < sizes.size(); i++) {
        const auto payload = udp_payload(packets[i].data);
        REQUIRE(payload);
        const auto expected = payload_of(static_cast<uint32_t>(sizes[i]), sizes[i]);
        CHECK(std::equal(payload->begin(), payload->end(), expected.begin(), expected.end()));
        CHECK(packets[i].wire_len == sizes[i] + 42);
    }
}

// TCP hands the device segments of up to 64 KiB, whose bytes lie in pages of their own.
TEST_CASE("a TCP stream in big segments over veth is in the file byte for byte") {
    constexpr size_t kBytes = 8 << 20;
    const Cable cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("gso.pcapng");
    pcapng::Fd listener;
    pcapng::Fd sender;
    sockaddr_in address{};
    socklen_t length = sizeof(address);
    {
        const InNetns inside(cable.b);
        listener = pcapng::Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(listen(listener.get(), 1) == 0);
        REQUIRE(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    }
    {
        const InNetns inside(cable.a);
        sender = pcapng::Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    }
    Capture capture(cable.a, {"-i", "va", "-Q", "out", "-w", file, "-B", "65536"});
    connect_to(sender, kAddressB, ntohs(address.sin_port));
    const pcapng::Fd receiver(accept(listener.get(), nullptr, nullptr));
    const std::vector<uint8_t> stream = payload_of(1, kBytes);
    std::vector<uint8_t> received;
    std::thread reader([&] { received = receive_all(receiver, kBytes); });
    size_t written = 0;
    while (written < kBytes) {
        const ssize_t count = send(sender.get(), stream.data() + written,
                                   std::min<size_t>(kBytes - written, 1 << 20), 0);
        REQUIRE(count > 0);
        written += static_cast<size_t>(count);
    }
    reader.join();
    REQUIRE(received == stream);
    capture.stop();
    REQUIRE(totals_of(capture.err()).dropped == 0);

    std::vector<uint8_t> rebuilt(kBytes);
    std::vector<bool> covered(kBytes);
    size_t biggest = 0;
    uint32_t first = 0;
    for (const SeenPacket& packet : packets_of(file)) {
        REQUIRE(packet.data.size() == packet.wire_len);
        biggest = std::max(biggest, packet.data.size());
        const uint8_t* tcp = packet.data.data() + kEthernet + 20;
        uint32_t sequence = 0;
        std::memcpy(&sequence, tcp + 4, sizeof(sequence));
        sequence = ntohl(sequence);
        if ((tcp[13] & TH_SYN) != 0) {
            first = sequence + 1;
            continue;
        }
        const size_t headers = kEthernet + 20 + size_t{tcp[12]} / 16 * 4;
        for (size_t i = headers; i < packet.data.size(); i++) {
            const size_t at = sequence - first + (i - headers);
            REQUIRE(at < kBytes);
            rebuilt[at] = packet.data[i];
            covered[at] = true;
        }
    }
    CHECK(biggest > 30'000);
    CHECK(std::all_of(covered.begin(), covered.end(), [](bool there) { return there; }));
    CHECK(rebuilt == stream);
    require_readable(file);
}
