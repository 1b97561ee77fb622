// SPDX-License-Identifier: GPL-2.0-only
//
// Conversations of made-up traffic, counted by us and by tshark.
#include <catch2/catch.hpp>
#include <random>

#include "tests/forensics/capture_file.h"
#include "tests/forensics/conversations.h"
#include "tests/support/temporary_folder.h"

namespace {

using test::CaptureFile;
using test::Datagram;
using test::Frame;
using test::kAck;
using test::kFin;
using test::kRst;
using test::kStart;
using test::kSyn;
using test::make;
using test::Segment;

// TCP peers that do whatever comes to mind, in the proportions of bad networks.
class RandomTcp {
  public:
    explicit RandomTcp(unsigned seed) : random_(seed) {}

    CaptureFile capture(unsigned packets) {
        for (unsigned i = 0; i < 4; ++i) {
            begin(peers_[2 * i], peers_[2 * i + 1], static_cast<uint16_t>(40000 + i));
        }
        while (file_.size() < packets) {
            const unsigned pair = below(4);
            const unsigned from = below(2);
            step(peers_[2 * pair + from], peers_[2 * pair + 1 - from]);
        }
        return std::move(file_);
    }

  private:
    struct Peer {
        uint8_t address = 0;
        uint16_t port = 0;
        uint32_t initial = 0;
        uint32_t next = 0;
        uint32_t seen = 0;  // of the other: what it would acknowledge
        std::vector<std::pair<uint32_t, Frame>> sent{};
    };

    unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

    void send(const Peer& from, const Peer& to, uint32_t sequence, uint32_t ack, uint8_t flags,
              Frame data = {}, uint16_t window = 500) {
        // From microseconds to hundreds of milliseconds.
        now_ += 1000 + below(1000) * (1U << below(20));
        file_.add(make(Segment{.from = from.address,
                               .to = to.address,
                               .source_port = from.port,
                               .target_port = to.port,
                               .sequence = sequence,
                               .acknowledgment = ack,
                               .flags = flags,
                               .window = window,
                               .data = std::move(data)}),
                  now_);
    }

    void begin(Peer& client, Peer& server, uint16_t port) {
        client = {.address = 1, .port = port, .initial = static_cast<uint32_t>(random_())};
        server = {.address = 2, .port = 20000, .initial = static_cast<uint32_t>(random_())};
        if (below(4) == 0) {
            client.initial = 0U - below(3000);  // wraps soon
        }
        client.next = server.seen = client.initial + 1;
        server.next = client.seen = server.initial + 1;
        const unsigned shown = below(8);  // one in eight lacks the handshake
        if (shown != 0) {
            send(client, server, client.initial, 0, kSyn);
        }
        if (shown > 1) {
            send(server, client, server.initial, client.next, kSyn | kAck);
        }
        if (shown > 2) {
            send(client, server, client.next, server.next, kAck);
        }
    }

    void step(Peer& from, Peer& to) {
        const uint16_t window = below(15) == 0 ? 0 : static_cast<uint16_t>(400 + below(3));
        switch (below(26)) {
            default: {
                const Frame data(below(8) == 0 ? 1 : 1 + below(1400));
                send(from, to, from.next, from.seen, kAck, data, window);
                from.sent.emplace_back(from.next, data);
                from.next += static_cast<uint32_t>(data.size());
                if (below(3) != 0) {
                    to.seen = from.next;
                }
                break;
            }
            case 0:
            case 1:
            case 2:
                if (!from.sent.empty()) {
                    const size_t recent = std::min<size_t>(from.sent.size(), 5);
                    const auto& [sequence, data] =
                        from.sent[from.sent.size() - 1 - below(static_cast<unsigned>(recent))];
                    send(from, to, sequence, from.seen, kAck, data);
                }
                break;
            case 3:  // a segment that the capture lacks
                from.sent.emplace_back(from.next, Frame(100));
                from.next += 100;
                break;
            case 4:
            case 5:
                for (unsigned i = below(5); i > 0; --i) {
                    send(from, to, from.next, from.seen, kAck);
                }
                break;
            case 6:
                from.seen = to.next;
                send(from, to, from.next, from.seen, kAck, {}, window);
                break;
            case 7:
                send(from, to, from.next - 1, from.seen, kAck, Frame(below(2)));
                break;
            case 8:  // lost and asked for again and again
                if (!to.sent.empty()) {
                    const auto [sequence, data] = to.sent.back();
                    for (unsigned i = 0; i < 3; ++i) {
                        send(from, to, from.next, sequence, kAck);
                    }
                    send(to, from, sequence, to.seen, kAck, data);
                }
                break;
            case 9:
                if (below(4) == 0) {
                    send(from, to, from.next, from.seen, kFin | kAck);
                    if (below(2) == 0) {
                        ++from.next;
                    }
                }
                break;
            case 10:
                if (below(8) == 0) {
                    send(from, to, from.next, from.seen, kRst | (below(2) == 0 ? kAck : 0));
                }
                break;
            case 11:
                if (below(6) == 0) {
                    send(from, to, from.initial, 0, kSyn);
                }
                break;
            case 12:
                if (below(6) == 0) {
                    send(from, to, from.initial, from.seen, kSyn | kAck);
                }
                break;
            case 13:
                if (below(6) == 0) {
                    Peer& client = from.address == 1 ? from : to;
                    Peer& server = from.address == 1 ? to : from;
                    begin(client, server, client.port);
                }
                break;
        }
    }

    std::mt19937 random_;
    CaptureFile file_;
    uint64_t now_ = kStart;
    std::array<Peer, 8> peers_;
};

TEST_CASE("TCP conversations with loss, reordering, resets and reused ports equal tshark's") {
    const test::TemporaryFolder folder;
    const unsigned seed = GENERATE(range(1U, 7U));
    const CaptureFile file = RandomTcp(seed).capture(2000);
    const std::string path = folder.file("tcp.pcapng");
    file.write(path);
    const forensics::FlowTable flows = file.flows();
    CAPTURE(seed);
    CHECK(test::tcp_by_us(flows) == test::tcp_by_tshark(path));
    CHECK(test::ip_by_us(flows) == test::ip_by_tshark(path));
}

TEST_CASE("UDP conversations and sums of addresses equal tshark's") {
    const test::TemporaryFolder folder;
    std::mt19937 random(7);
    CaptureFile file;
    for (unsigned i = 0; i < 500; ++i) {
        const auto low = static_cast<uint8_t>(1 + random() % 3);
        const auto high = static_cast<uint8_t>(low + 1 + random() % 2);
        const auto port = static_cast<uint16_t>(30000 + random() % 3);
        const bool back = random() % 3 == 0;
        file.add(make(Datagram{.from = back ? high : low,
                               .to = back ? low : high,
                               .source_port = back ? uint16_t{20000} : port,
                               .target_port = back ? port : uint16_t{20000},
                               .data = Frame(random() % 900)}),
                 kStart + i);
        // ICMP echo and a protocol without ports.
        Frame echo{static_cast<uint8_t>(back ? 0 : 8), 0, 0, 0, 0,
                   static_cast<uint8_t>(i % 2),        0, 0};
        file.add(make(test::Ipv4Packet{.from = low, .to = high, .protocol = 1, .payload = echo}),
                 kStart + i);
        file.add(make(test::Ipv4Packet{.from = high, .to = low, .protocol = 99, .payload = echo}),
                 kStart + i);
    }
    const std::string path = folder.file("udp.pcapng");
    file.write(path);
    const forensics::FlowTable flows = file.flows();
    CHECK(test::udp_by_us(flows) == test::udp_by_tshark(path));
    CHECK(test::ip_by_us(flows) == test::ip_by_tshark(path));
}

TEST_CASE("each id of an ICMP echo is a conversation, begun by who asks") {
    CaptureFile file;
    for (const uint8_t id : {uint8_t{1}, uint8_t{2}, uint8_t{1}}) {
        file.add(make(test::Ipv4Packet{
                     .from = 2, .to = 1, .protocol = 1, .payload = {0, 0, 0, 0, 0, id, 0, 0}}),
                 kStart);
    }
    const forensics::FlowTable table = file.flows();
    REQUIRE(table.flows().size() == 2);
    CHECK(to_text(table.flows()[0].sides[0].address) == "10.0.0.1");
    CHECK(table.flows()[0].sides[1].packets == 2);
    CHECK(table.flows()[0].sides[0].port == 0);
}

TEST_CASE("later fragments belong to the conversation of the first one") {
    const Frame udp = test::udp_header({.data = Frame(2000)});
    const auto fragment = [&](uint16_t id, uint16_t flags) {
        const size_t start = size_t{flags & 0x1fffU} * 8;
        return make(
            test::Ipv4Packet{.protocol = 17,
                             .id = id,
                             .fragment = flags,
                             .payload = {udp.begin() + static_cast<std::ptrdiff_t>(start),
                                         udp.begin() + static_cast<std::ptrdiff_t>(start) + 800}});
    };
    CaptureFile file;
    file.add(fragment(1, 0x2000), kStart);
    file.add(fragment(1, 0x2000 | 100), kStart + 1);
    file.add(fragment(2, 100), kStart + 2);               // its first one wasn't captured
    file.add(fragment(1, 100), kStart + 40'000'000'000);  // too late: the id is another's
    const forensics::FlowTable table = file.flows();
    REQUIRE(table.flows().size() == 2);
    CHECK(table.flows()[0].sides[0].packets == 2);
    CHECK(table.flows()[0].sides[0].port == 40000);
    CHECK(table.flows()[1].sides[0].packets == 2);
    CHECK(table.flows()[1].sides[0].port == 0);
}

TEST_CASE("a conversation's state and sides follow its flags") {
    const auto segment = [](bool client, uint32_t sequence, uint8_t flags) {
        return client ? make(Segment{.sequence = sequence, .flags = flags})
                      : make(Segment{.from = 2,
                                     .to = 1,
                                     .source_port = 20000,
                                     .target_port = 40000,
                                     .sequence = sequence,
                                     .flags = flags});
    };
    struct Step {
        bool client;
        uint8_t flags;
        std::string state;
    };
    const auto play = [&](const std::vector<Step>& steps) {
        CaptureFile file;
        forensics::FlowTable table;
        for (const Step& step : steps) {
            file.add(segment(step.client, 5, step.flags), kStart + file.size());
        }
        for (size_t i = 0; i < steps.size(); ++i) {
            const auto found = table.add(file.packet(i));
            CHECK(state_name(found.flow->state) == steps[i].state);
            CHECK(found.side == (steps[i].client ? 0 : 1));
        }
        CHECK(table.flows().size() == 1);
        CHECK(table.flows()[0].sides[0].port == 40000);
    };
    play({{true, kSyn, "opening"},
          {false, kSyn | kAck, "opening"},
          {true, kAck, "established"},
          {false, kFin | kAck, "closing"},
          {true, kAck, "closing"},
          {true, kFin | kAck, "closed"},
          {false, kAck, "closed"}});
    play({{true, kSyn, "opening"}, {false, kRst | kAck, "reset"}});
    play({{false, kSyn | kAck, "opening"}, {true, kAck, "established"}});
    play({{false, kAck, "established"}, {true, kRst, "reset"}, {false, kAck, "reset"}});
}

TEST_CASE("processes stand at the side at which the packets say they are") {
    const forensics::Process client;
    const forensics::Process server;
    const forensics::Process other;
    CaptureFile file;
    file.add(make(Segment{.flags = kSyn}), kStart);
    file.add(make(Segment{.from = 2, .to = 1, .source_port = 20000, .target_port = 40000}), kStart);
    forensics::FlowTable table;
    forensics::Packet packet = file.packet(0);
    packet.self = {.process = &client};
    packet.self_at = forensics::At::kSender;
    packet.peer = {.process = &server};
    table.add(packet);
    packet = file.packet(1);
    packet.self = {.process = &other};
    packet.self_at = forensics::At::kReceiver;
    table.add(packet);
    packet.self_at = forensics::At::kUnknown;
    table.add(packet);
    const forensics::Flow& flow = table.flows()[0];
    CHECK(flow.sides[0].processes.main() == &client);
    CHECK(flow.sides[0].processes.several());
    CHECK(flow.sides[1].processes.main() == &server);
    CHECK_FALSE(flow.sides[1].processes.several());
    CHECK(flow.either.main() == &other);
    CHECK_FALSE(flow.either.several());
    packet.self = {.process = &client};
    table.add(packet);
    CHECK(flow.either.main() == &other);  // of equals the first
    CHECK(flow.either.several());
}

TEST_CASE("an end's process is the one that moved the most bytes, not the one seen first") {
    forensics::Process listener;
    forensics::Process child;
    forensics::Process helper;
    CaptureFile file;
    file.add(make(Segment{.from = 2, .to = 1, .source_port = 20000, .target_port = 40000}), kStart);
    file.add(
        make(Segment{
            .from = 2, .to = 1, .source_port = 20000, .target_port = 40000, .data = Frame(1000)}),
        kStart);
    file.add(make(Segment{.data = Frame(10)}), kStart);
    const auto lengths = std::to_array<uint64_t>(
        {file.packet(0).wire_length, file.packet(1).wire_length, file.packet(2).wire_length});
    forensics::FlowTable table;
    const auto add = [&](size_t number, const forensics::Process& process) {
        forensics::Packet packet = file.packet(number);
        packet.self = {.process = &process};
        packet.self_at = number == 2 ? forensics::At::kReceiver : forensics::At::kSender;
        table.add(packet);
    };
    add(0, listener);
    add(0, listener);
    add(1, child);
    add(2, child);
    add(0, helper);
    const forensics::Flow& flow = table.flows()[0];
    const forensics::Participants& server =
        flow.sides[flow.sides[0].port == 20000 ? 0 : 1].processes;
    CHECK(server.main() == &child);
    CHECK(server.first() == &listener);
    const auto all = server.by_bytes();
    REQUIRE(all.size() == 3);
    CHECK(all[0].process == &child);
    CHECK(all[0].bytes == lengths[1] + lengths[2]);
    CHECK(all[1].process == &listener);
    CHECK(all[1].bytes == 2 * lengths[0]);
    CHECK(all[2].process == &helper);
    CHECK(server.bytes() == lengths[1] + lengths[2] + 3 * lengths[0]);
}

TEST_CASE("an end keeps 32 processes and counts the bytes of later ones together") {
    std::vector<forensics::Process> many(40);
    forensics::Participants::Pool pool;
    forensics::Participants end;
    for (const forensics::Process& process : many) {
        end.add(process, 10, pool);
    }
    end.add(many[31], 1, pool);
    end.add(many[39], 1000, pool);
    CHECK(end.main() == &many[31]);
    const auto all = end.by_bytes();
    REQUIRE(all.size() == 33);
    CHECK(all.back().process == nullptr);
    CHECK(all.back().bytes == 8 * 10 + 1000);
    CHECK(end.bytes() == 40 * 10 + 1001);
}

}  // namespace
