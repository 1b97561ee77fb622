// SPDX-License-Identifier: GPL-2.0-only
//
// Events in Wireshark: fields, columns, dropped packets, and descriptions that are none of ours.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/support/event_capture.h"
#include "tests/wireshark/wireshark.h"

using namespace test;

namespace {

using Strings = std::vector<std::string>;

const EventCapture::Who kCurl{.pid = 812, .comm = "curl"};
const packet::EventAddress kServer{.address = {.bytes = {192, 0, 2, 1}, .length = 4}, .port = 80};
const packet::EventAddress kServer6{
    .address = {.bytes = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, .length = 16},
    .port = 443};

void finish(EventCapture& capture, const std::string& path) {
    capture.close();
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
}

// Frames of which Wireshark says more than that they have a comment (PI_COMMENT of epan/proto.h).
size_t complaints(const Wireshark& wireshark, const std::string& path) {
    return wireshark.count(path, "_ws.expert.severity > 0x100000");
}

// A frame with the EtherType of events.
Bytes experiment(size_t size) {
    Bytes frame;
    packet::append_frame(frame, Bytes(size, 7));
    return frame;
}

// The columns of a frame as tshark shows it: all that a line has.
Strings summaries(const Wireshark& wireshark, const std::string& path,
                  const Strings& options = {}) {
    Strings arguments = {"-n", "-r", path, "-o",
                         "gui.column.format:\"s\",\"%s\",\"d\",\"%d\",\"p\",\"%p\",\"i\",\"%i\""};
    arguments.insert(arguments.end(), options.begin(), options.end());
    Strings all;
    for (const std::string& line : lines(wireshark.tshark(arguments))) {
        std::string words;
        for (const char c : line) {
            if (c != ' ' || (!words.empty() && words.back() != ' ')) {
                words += c;
            }
        }
        all.push_back(words);
    }
    return all;
}

// An IPv4 or IPv6 packet of TCP, with a checksum of IPv4's header but none of TCP.
Bytes tcp_packet(bool is_ip6, uint32_t sequence, uint8_t flags, std::string_view payload) {
    const auto length = static_cast<uint8_t>(20 + payload.size());
    Bytes packet = is_ip6 ? Bytes{0x60, 0, 0, 0, 0, length, 6, 64}
                          : Bytes{0x45, 0, 0, static_cast<uint8_t>(20 + length),
                                  0,    1, 0, 0,
                                  64,   6, 0, 0,
                                  10,   0, 0, 1,
                                  10,   0, 0, 2};
    if (is_ip6) {
        for (const uint8_t last : {uint8_t{1}, uint8_t{2}}) {
            Bytes address(16);
            address[0] = 0xfd;
            address[15] = last;
            packet.insert(packet.end(), address.begin(), address.end());
        }
    } else {
        packet[10] = 0x66;
        packet[11] = static_cast<uint8_t>(0xcd - payload.size());
    }
    const Bytes tcp = {0x9c,
                       0x40,
                       0,
                       80,
                       static_cast<uint8_t>(sequence >> 24),
                       static_cast<uint8_t>(sequence >> 16),
                       static_cast<uint8_t>(sequence >> 8),
                       static_cast<uint8_t>(sequence),
                       0,
                       0,
                       0,
                       1,
                       0x50,
                       flags,
                       0x20,
                       0,
                       0,
                       0,
                       0,
                       0};
    packet.insert(packet.end(), tcp.begin(), tcp.end());
    packet.insert(packet.end(), payload.begin(), payload.end());
    return packet;
}

Bytes in_ethernet(const Bytes& packet, bool is_ip6) {
    Bytes frame(12, 2);
    frame.push_back(is_ip6 ? 0x86 : 0x08);
    frame.push_back(is_ip6 ? 0xdd : 0x00);
    frame.insert(frame.end(), packet.begin(), packet.end());
    return frame;
}

std::shared_ptr<const packet::EventLayout> drop_layout() {
    using packet::FieldKind;
    return std::make_shared<const packet::EventLayout>(packet::lay_out(
        {{.name = "reason", .size = 4, .values = {{3, "NO_SOCKET"}, {8, "NETFILTER_DROP"}}},
         {.name = "symbol", .kind = FieldKind::kString, .size = 4},
         {.name = "device", .kind = FieldKind::kChars, .size = 16},
         {.name = "data", .kind = FieldKind::kDynamic, .size = 4}}));
}

}  // namespace

TEST_CASE("a sample has the share of a CPU and the memory of its process") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    EventCapture capture(path);
    const auto layout = std::make_shared<const packet::EventLayout>(
        packet::lay_out({{.name = "rss", .size = 8},
                         {.name = "user_ns", .size = 8},
                         {.name = "interval_ns", .size = 8},
                         {.name = "interval_user_ns", .size = 8},
                         {.name = "interval_system_ns", .size = 8}}));
    packet::EventRecord record(layout);
    record.set_number("rss", uint64_t{5} << 40);
    record.set_number("user_ns", 12'345'678'901'234);
    record.set_number("interval_ns", 2'000'000'000);
    record.set_number("interval_user_ns", 700'000'000);
    record.set_number("interval_system_ns", 10'000'000);
    const uint32_t samples = capture.add_interface("process:sample", packet::layout_text(*layout));
    capture.packet(kCurl);
    capture.event(samples, kCurl, record.bytes().first(16));  // the first one has no interval
    capture.event(samples, kCurl, record.bytes());
    record.clear();
    capture.event(samples, kCurl, record.bytes());  // an interval of no length
    finish(capture, path);

    CHECK(wireshark.fields(path, {"process.cpu", "process.memory", "process.comm"},
                           {"-Y", "trace"}) == std::vector<Row>{{"", "5497558138880", "curl"},
                                                                {"35.5", "5497558138880", "curl"},
                                                                {"", "0", "curl"}});
    CHECK(wireshark.fields(path, {"trace.process.sample.user_ns", "trace.process.sample.rss"},
                           {"-Y", "process.cpu > 35.4 && process.memory > 5497558138879"}) ==
          std::vector<Row>{{"12345678901234", "5497558138880"}});
    CHECK(wireshark.count(path, "trace.field") == 0);
    CHECK(complaints(wireshark, path) == 0);
}

TEST_CASE("an event has its name, its fields and its process") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    EventCapture capture(path);
    capture.packet(kCurl);
    capture.connect(kCurl, 111, kServer);
    capture.connect(kCurl, 113, kServer6);
    capture.exit(kCurl, -4, "sleep \x1b[1m");
    capture.event(capture.add_interface("skb:kfree_skb",
                                        "pidcap layout 1; location ptr 0 8; "
                                        "protocol u 8 2; reason u 10 1 [3=SEEN]"),
                  packet::Via::kUnknown, Bytes{1, 0, 0, 0, 0, 0, 0, 0x80, 0, 8, 3});
    finish(capture, path);

    const std::string connect = "trace.socket.connect.";
    CHECK(wireshark.fields(
              path, {"trace.name", connect + "errno", connect + "errno.name", connect + "remote",
                     connect + "remote.ip4", connect + "remote.ip6", connect + "remote.port"}) ==
          std::vector<Row>{
              {"", "", "", "", "", "", ""},
              {"socket:connect", "111", "ECONNREFUSED", "192.0.2.1:80", "192.0.2.1", "", "80"},
              {"socket:connect", "113", "", "[2001:db8::1]:443", "", "2001:db8::1", "443"},
              {"process:exit", "", "", "", "", "", ""},
              {"skb:kfree_skb", "", "", "", "", "", ""}});
    // What the installed list of names lacks.
    CHECK(wireshark.fields(path, {"trace.field"}) ==
          std::vector<Row>{{""}, {""}, {""}, {"code=-4,cmdline=sleep %1B[1m"}, {""}});
    CHECK(wireshark
              .fields(path, {"trace.skb.kfree_skb.location", "trace.skb.kfree_skb.protocol",
                             "trace.skb.kfree_skb.reason.name"})
              .back() == Row{"0x8000000000000001", "2048", "SEEN"});
    CHECK(summaries(wireshark, path) ==
          Strings{"10.0.0.1 → 10.0.0.2 UDP 40000 → 9999 Len=16",
                  "curl[812] → 192.0.2.1:80 socket:connect errno=ECONNREFUSED remote=192.0.2.1:80",
                  "curl[812] → [2001:db8::1]:443 socket:connect errno=113 remote=[2001:db8::1]:443",
                  "curl[812] → process:exit code=-4 cmdline=sleep %1B[1m",
                  "→ skb:kfree_skb location=0x8000000000000001 protocol=2048 reason=SEEN"});
    CHECK(wireshark.fields(path, {"process.pid", "process.user", "process.via", "process.at",
                                  "process.any.pid", "process.sender.pid"}) ==
          std::vector<Row>{{"812", "alice", "socket", "sender", "812", "812"},
                           {"812", "alice", "event", "", "812", ""},
                           {"812", "alice", "event", "", "812", ""},
                           {"812", "alice", "event", "", "812", ""},
                           {"", "", "unknown", "", "", ""}});
    CHECK(wireshark.count(path, "trace") == 4);
    CHECK(wireshark.count(path, "!trace") == 1);
    CHECK(wireshark.count(path, "trace.socket.connect.errno.name == \"ECONNREFUSED\"") == 1);
    CHECK(wireshark.count(path, "trace.socket.connect.remote.ip4 == 192.0.2.0/24") == 1);
    CHECK(wireshark.count(path, "trace.field contains \"code=\"") == 1);
    // In any order, too.
    CHECK(wireshark.count(path, "trace.socket.connect.errno > 0", {"-2"}) == 2);
}

TEST_CASE("other users' frames of the events' EtherType are left alone") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    EventCapture capture(path);
    capture.plain(experiment(40));
    for (const std::string description :
         {"", "a network card", "pidcap layout 2; a u 0 4", "pidcap layout", "Pidcap layout 1"}) {
        capture.event(capture.add_interface("socket:connect", description), kCurl, Bytes(40, 7));
    }
    finish(capture, path);
    CHECK(wireshark.count(path, "trace") == 0);
    CHECK(wireshark.count(path, "eth.type == 0x88b5 and data.len == 40") == 6);
    CHECK(complaints(wireshark, path) == 0);
    for (const std::string& line : summaries(wireshark, path)) {
        CHECK(contains(line, "00:00:00:00:00:00 → 00:00:00:00:00:00"));
    }
}

TEST_CASE("a packet on an event's interface is a packet") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    pcapng::Writer writer = open_writer(path);
    need(writer.add_interface({.name = "e", .description = "pidcap layout 1; a u 0 4"}));
    need(writer.packet({.data = udp_frame(), .wire_length = 58}));
    need(writer.close());
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    CHECK(wireshark.count(path, "udp and !trace") == 1);
}

TEST_CASE("Wireshark reads hostile layouts and records as pidcap does") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    EventCapture capture(path);
    const std::string whole =
        "pidcap layout 1; n u 0 4 [1=ONE,20=A|B,3=x]; s s 4 2 [-1=MINUS]; p ptr 8 8; i ip4 16 4; j "
        "ip6 20 16; k sock 36 28; c chars 64 4; y bytes 68 3; t str 71 4; d dyn 75 4";
    std::mt19937 random(1);
    Strings expected;
    const auto add = [&](const std::string& description, const Bytes& record) {
        const auto layout = packet::parse_layout(description);
        std::string fields;
        if (layout) {
            for (const packet::EventValue& value : packet::read_event(*layout, record)) {
                std::string text = packet::value_text(value);
                const auto* bytes = std::get_if<std::span<const uint8_t>>(&value.value);
                if (bytes != nullptr && bytes->size() > 16) {
                    text = text.substr(0, 32) + "…";
                }
                fields += (fields.empty() ? "" : ",") + value.field->name + "=" + text;
            }
        }
        expected.push_back((layout ? "a:b|" : "|") + fields);
        capture.event(capture.add_interface("a:b", description), kCurl, record);
    };
    for (int round = 0; round < 1500; ++round) {
        std::string description = whole;
        for (int change = 0; change < round % 5; ++change) {
            const size_t at = random() % description.size();
            if (random() % 2 == 0) {
                constexpr std::string_view kLikely = "0123456789 ;[]=,-_asu";
                description[at] = kLikely[random() % kLikely.size()];
            } else {
                description.erase(at, random() % 4);
            }
        }
        Bytes record(random() % 2 == 0 ? 110 : random() % 110);
        for (uint8_t& byte : record) {
            byte = static_cast<uint8_t>("\0\0\0\1\2\3\24Abc"[random() % 10]);
        }
        const auto put = [&](size_t at, const Bytes& bytes) {
            if (at + bytes.size() <= record.size()) {
                std::copy(bytes.begin(), bytes.end(), record.begin() + static_cast<long>(at));
            }
        };
        put(4, {static_cast<uint8_t>(round % 3 == 0 ? 255 : 254), 255});
        put(36, {static_cast<uint8_t>(random() % 3 == 0 ? 2 : 10), 0});
        put(71, {static_cast<uint8_t>(random() % 120), 0, static_cast<uint8_t>(random() % 9), 0});
        put(75, {static_cast<uint8_t>(random() % 120), 0, static_cast<uint8_t>(random() % 40), 0});
        // What isn't printable is another test's.
        const auto printable = [](uint8_t c) { return c >= ' ' && c < 0x7f ? c : uint8_t{0}; };
        for (size_t at = 64; at < 68 && at < record.size(); ++at) {
            record[at] = printable(record[at]);
        }
        for (size_t at = 79; at < record.size(); ++at) {
            record[at] = printable(record[at]);
        }
        // A locator may lead anywhere, to what isn't printable, too.
        const auto layout = packet::parse_layout(description);
        const auto values =
            layout ? packet::read_event(*layout, record) : std::vector<packet::EventValue>();
        const bool shown = std::all_of(values.begin(), values.end(), [](const auto& value) {
            const auto* text = std::get_if<std::string_view>(&value.value);
            return text == nullptr || std::all_of(text->begin(), text->end(), [](char c) {
                       return c >= ' ' && c < 0x7f && c != ',';
                   });
        });
        if (shown) {
            add(description, record);
        }
    }
    const std::string header = "pidcap layout 1";
    std::string many;
    std::string values;
    for (int i = 0; i < 3000; ++i) {
        many += fmt::format("; f{} u 0 4", i);
        values += fmt::format("{}=V{},", i, i);
    }
    const Bytes twelve(12, 1);
    add(header + many, twelve);
    add(header + "; a u 0 4 [" + values + "]; b u 0 2 [257=TWO]", twelve);
    add(header + "; a u 0 4; a u 4 4; b u 00 04 [016843009=NAMED]; c s 0 1 [-0=Z,01=ONE]", twelve);
    add(header +
            "; a bytes 0 65535; b chars 65535 1; c u 65532 4; d u 4294967296 4; e bytes 4 8; "
            "g u 99999999999999999999 4; f u 8 4",
        twelve);
    add(header + std::string(50'000, ';') + " a u 0 1", twelve);
    add(header + "; a u 0 1 [" + std::string(50'000, '[') + "]", twelve);
    add(header + "; a u 0 1 " + std::string(50'000, ' ') + "; b u 0 1", twelve);
    add(header + std::string(65'000, ';') + " a u 0 1", twelve);  // too long for a layout
    add(header + "; " + std::string(64, 'n') + " u 0 1; " + std::string(65, 'n') + " u 0 1",
        twelve);
    finish(capture, path);
    REQUIRE(expected.size() > 500);
    REQUIRE(std::count(expected.begin(), expected.end(), "|") < 700);

    const std::vector<Row> rows = wireshark.fields(path, {"trace.name", "trace.field"});
    REQUIRE(rows.size() == expected.size());
    size_t differ = 0;
    for (size_t i = 0; i < rows.size() && differ < 5; ++i) {
        if (rows[i][0] + "|" + rows[i][1] != expected[i]) {
            INFO("frame " << i + 1);
            CHECK(rows[i][0] + "|" + rows[i][1] == expected[i]);
            differ++;
        }
    }
    CHECK(complaints(wireshark, path) == 0);
}

TEST_CASE("what an event's texts have can't control a terminal, and isn't UTF-8 by chance") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    EventCapture capture(path);
    const uint32_t event =
        capture.add_interface("process:exec", "pidcap layout 1; exe chars 0 40; cwd str 40 4");
    const auto record = [](std::string_view text) {
        Bytes bytes(text.begin(), text.end());
        bytes.resize(44);
        bytes[42] = 9;  // a locator of the first nine bytes
        return bytes;
    };
    capture.event(event, kCurl, record("a\x1b[2J\nb"));
    capture.event(event, kCurl, record("\xff\xfe\xe2\x80\xae x"));
    capture.event(capture.add_interface("a\x1b[2J:\xff", "pidcap layout 1; a u 0 1"), kCurl,
                  Bytes{1});
    finish(capture, path);
    const auto rows =
        wireshark.fields(path, {"trace.name", "trace.process.exec.exe", "trace.process.exec.cwd"});
    CHECK(rows[0] == Row{"process:exec", "a%1B[2J%0Ab", "a%1B[2J%0Ab"});
    CHECK(rows[1] == Row{"process:exec", "%FF%FE%E2%80%AE x", "%FF%FE%E2%80%AE x"});
    CHECK(complaints(wireshark, path) == 0);
    const std::string shown = wireshark.tshark({"-n", "-r", path, "-V"});
    CHECK(shown.find('\x1b') == std::string::npos);
}

TEST_CASE("a dropped packet is found by its own fields, and is no part of its connection") {
    const Wireshark wireshark;
    const bool is_ip6 = GENERATE(false, true);
    CAPTURE(is_ip6);
    const auto file = [&](const std::string& name, bool with_drops) {
        const std::string path = wireshark.file(name);
        EventCapture capture(path);
        const uint32_t drop =
            capture.add_interface("drop:packet", packet::layout_text(*drop_layout()));
        packet::EventRecord record(drop_layout());
        for (const uint32_t sequence : {1U, 5U, 9U}) {
            const Bytes packet = tcp_packet(is_ip6, sequence, 0x18, "data");
            capture.packet(kCurl, in_ethernet(packet, is_ip6));
            record.clear();
            record.set_number("reason", sequence == 1 ? 3 : 8);
            record.set_text("symbol", "nft_do_chain");
            record.set_text("device", "eth0");
            record.set_bytes("data", packet);
            if (with_drops) {
                capture.event(drop, kCurl, record.bytes());
            }
        }
        finish(capture, path);
        return path;
    };
    const std::string path = file("drops.pcapng", true);
    const std::string plain = file("plain.pcapng", false);
    CHECK(wireshark.count(path, "tcp.dstport == 80 and trace") == 3);
    CHECK(wireshark.count(path, "tcp.ack_raw == 1 and trace") == 3);
    CHECK(wireshark.count(path, is_ip6 ? "ipv6.src == fd00::1 and trace"
                                       : "ip.src == 10.0.0.1 and trace") == 3);
    CHECK(wireshark.count(path, "trace.drop.packet.reason.name == \"NETFILTER_DROP\"") == 2);
    CHECK(wireshark.count(path, "tcp.analysis.flags") == 0);
    // More than a note: 4.6 has one on each ICMP message of an error.
    CHECK(wireshark.count(path, "_ws.expert.severity > 0x400000 and trace") == 0);
    const std::string ends =
        is_ip6 ? "TCP [fd00::1]:40000 → [fd00::2]:80" : "TCP 10.0.0.1:40000 → 10.0.0.2:80";
    const Strings seen = summaries(wireshark, path);
    REQUIRE(seen.size() == 6);
    CHECK(seen[1] == "curl[812] → eth0 drop:packet NO_SOCKET in nft_do_chain " + ends);
    CHECK(seen[3] == "curl[812] → eth0 drop:packet NETFILTER_DROP in nft_do_chain " + ends);
    // Sums of conversations and endpoints are those of the packets alone.
    for (const std::string table : {"conv,tcp", "endpoints,tcp", is_ip6 ? "conv,ipv6" : "conv,ip",
                                    is_ip6 ? "endpoints,ipv6" : "endpoints,ip"}) {
        const auto sums = [&](const std::string& of) {
            const std::string all = wireshark.tshark({"-n", "-r", of, "-q", "-z", table});
            // Without the times, which events of the same capture move.
            Strings sums;
            for (const std::string& line : lines(all)) {
                sums.push_back(line.substr(0, line.find("bytes", line.rfind("<->") + 1)));
            }
            return sums;
        };
        CAPTURE(table);
        CHECK(sums(path) == sums(plain));
    }
}

TEST_CASE("data of a dropped packet that end anywhere are no trouble") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    EventCapture capture(path);
    const uint32_t drop = capture.add_interface("drop:packet", packet::layout_text(*drop_layout()));
    packet::EventRecord record(drop_layout());
    size_t events = 0;
    for (const bool is_ip6 : {false, true}) {
        const Bytes packet = tcp_packet(is_ip6, 1, 0x18, "data");
        for (size_t size = 0; size <= packet.size(); ++size) {
            record.clear();
            record.set_bytes("data", std::span(packet).first(size));
            capture.event(drop, kCurl, record.bytes());
            events++;
        }
    }
    for (const Bytes& other : {Bytes{0x00, 1, 2}, Bytes(200, 0x4f), Bytes(200, 0x45),
                               Bytes(200, 0x60), Bytes(200, 0xff)}) {
        record.clear();
        record.set_bytes("data", other);
        capture.event(drop, kCurl, record.bytes());
        events++;
    }
    // No field of that name, or another kind.
    for (const std::string layout :
         {"pidcap layout 1", "pidcap layout 1; data u 0 4", "pidcap layout 1; data dyn 100 4"}) {
        capture.event(capture.add_interface("drop:packet", layout), kCurl, Bytes(8, 1));
        events++;
    }
    finish(capture, path);
    CHECK(wireshark.count(path, "trace") == events);
    const std::string all = wireshark.tshark({"-n", "-r", path, "-V"});
    CHECK_FALSE(contains(all, "Lua Error"));
    CHECK_FALSE(contains(all, "Dissector bug"));
}

TEST_CASE("events are in no table of processes and flows") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    EventCapture capture(path);
    capture.connect(kCurl, 111, kServer);
    capture.packet(kCurl);
    capture.packet(kCurl);
    capture.exit({.pid = 900, .comm = "wget"}, 1);
    finish(capture, path);
    for (const std::string table : {"pidcap,processes", "pidcap,flows"}) {
        const std::vector<Row> rows = wireshark.table(path, table);
        REQUIRE(rows.size() == 1);
        CHECK(rows[0][0] == "curl");
        CHECK(std::count(rows[0].begin(), rows[0].end(), "2") >= 1);  // packets
        CHECK(std::count(rows[0].begin(), rows[0].end(), "116") >= 1);
    }
}

TEST_CASE("failed connections and drops have tables, most frequent first") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    EventCapture capture(path);
    capture.packet(kCurl);
    capture.connect(kCurl, 110, kServer6);
    capture.connect(kCurl, 111, kServer);
    capture.connect(kCurl, 0, kServer);
    capture.connect(kCurl, 111, kServer);
    const std::string given_up =
        "pidcap layout 1; errno u 0 4; stage u 4 1 [2=given-up]; remote sock 8 28";
    Bytes record(36);
    record[4] = 2;
    capture.event(capture.add_interface("socket:connect", given_up), kCurl, record);
    const uint32_t drop = capture.add_interface("drop:packet", packet::layout_text(*drop_layout()));
    packet::EventRecord dropped(drop_layout());
    for (const uint32_t reason : {3U, 8U, 8U}) {
        dropped.clear();
        dropped.set_number("reason", reason);
        dropped.set_text("symbol", "tcp_v4_rcv");
        dropped.set_text("device", "eth0");
        capture.event(drop, kCurl, dropped.bytes());
    }
    finish(capture, path);
    const auto without_times = [](std::vector<Row> rows) {
        for (Row& row : rows) {
            row.erase(row.begin(), row.begin() + (row[0].empty() ? 1 : 0));
            row.resize(row.size() - 2);
        }
        return rows;
    };
    CHECK(without_times(wireshark.table(path, "pidcap,failures")) ==
          std::vector<Row>{{"2", "connect", "192.0.2.1:80", "ECONNREFUSED", "curl[812]"},
                           {"1", "connect", "[2001:db8::1]:443", "ETIMEDOUT", "curl[812]"},
                           {"1", "connect", "given-up", "curl[812]"}});
    CHECK(without_times(wireshark.table(path, "pidcap,drops")) ==
          std::vector<Row>{{"2", "NETFILTER_DROP", "tcp_v4_rcv", "eth0", "curl[812]"},
                           {"1", "NO_SOCKET", "tcp_v4_rcv", "eth0", "curl[812]"}});
    CHECK(without_times(wireshark.table(path, "pidcap,drops,trace.drop.packet.reason == 3")) ==
          std::vector<Row>{{"1", "NO_SOCKET", "tcp_v4_rcv", "eth0", "curl[812]"}});
    // The profile's colours of these.
    CHECK(wireshark.fields(path, {"frame.coloring_rule.name"}, {"-C", "Processes", "--color"}) ==
          std::vector<Row>{{"Process 1"},
                           {"Failed connection"},
                           {"Failed connection"},
                           {"Event"},
                           {"Failed connection"},
                           {"Failed connection"},
                           {"Drop"},
                           {"Drop"},
                           {"Drop"}});
}

TEST_CASE("a file with events is the same in Wireshark after other tools have rewritten it") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    EventCapture capture(path);
    capture.packet(kCurl);
    capture.connect(kCurl, 111, kServer);
    capture.exit(kCurl, 3);
    finish(capture, path);
    const Strings names = {"trace.name", "trace.socket.connect.errno.name", "trace.field",
                           "process.comm", "process.user"};
    const auto expected = wireshark.fields(path, names);
    const std::string again = wireshark.file("again.pcapng");
    for (const Strings& command :
         {Strings{"editcap", path, again}, Strings{"mergecap", "-w", again, path},
          Strings{"tshark", "-n", "-r", path, "-w", again}}) {
        CAPTURE(command[0]);
        (void)output_of(command);
        REQUIRE(::chmod(again.c_str(), 0644) == 0);
        CHECK(wireshark.fields(again, names) == expected);
    }
}
