// SPDX-License-Identifier: GPL-2.0-only
//
// Events in a file: what a FileSink writes is an event again for our source, and a frame of
// Ethernet for tshark, tcpdump, editcap and mergecap.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "capture/file_sink.h"
#include "packet/event/frame.h"
#include "packet/event/record.h"
#include "tests/forensics/source_fixture.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

using packet::EventLayout;
using packet::FieldKind;
using packet::Via;
using test::Bytes;
using test::need;

namespace {

constexpr uint64_t kTime = 1763650000123456789;

std::shared_ptr<const EventLayout> connect_layout() {
    return std::make_shared<const EventLayout>(
        packet::lay_out({{.name = "errno", .size = 4, .values = {{111, "ECONNREFUSED"}}},
                         {.name = "to", .kind = FieldKind::kSocketAddress, .size = 28},
                         {.name = "cgroup", .kind = FieldKind::kString, .size = 4}}));
}

// A file with a packet, an event, and a packet; all of process 7.
void write_capture(const std::string& path, const capture::FileOptions& options = {}) {
    packet::Process process;
    process.number = process.pid = 7;
    process.start_ns = kTime - 7;
    process.comm = "curl";
    packet::Interface eth0{.number = 0, .snaplen = 262144, .name = "eth0"};
    packet::Interface connect{.number = 1, .snaplen = 262144, .name = "socket:connect"};
    connect.event = connect_layout();

    capture::FileSink sink = need(
        capture::FileSink::create(need(pcapng::Output::open_file(path)), options, "tier=locked"));
    packet::Packet packet;
    packet.self.process = &process;
    packet.self.tid = 8;
    packet.time_ns = kTime;
    const auto write = [&](const packet::Interface& interface, const Bytes& data, Via via) {
        packet.interface = &interface;
        packet.data = data;
        packet.wire_length = static_cast<uint32_t>(data.size());
        packet.self.via = via;
        need(sink.packet(packet));
        *packet.time_ns += 1'000;
    };
    packet::EventRecord record(connect.event);
    record.set_number("errno", 111);
    record.set_address("to", {.address = {.bytes = {192, 0, 2, 1}, .length = 4}, .port = 80});
    record.set_text("cgroup", "/user.slice");
    Bytes frame;
    packet::append_frame(frame, record.bytes());

    need(sink.interface(eth0));
    write(eth0, test::udp_frame(), Via::kSocket);
    write(connect, frame, Via::kEvent);
    write(eth0, test::udp_frame(), Via::kSocket);
    need(sink.finish({{.captured = 2}, {.captured = 1}}));
}

std::string values(const test::Seen& seen) {
    std::string text;
    for (const packet::EventValue& value :
         packet::read_event(*seen.interface.event, packet::record_of(seen.data).value())) {
        text += fmt::format("{}={} ", value.field->name, packet::value_text(value));
    }
    return text;
}

// The three packets of write_capture(), whoever has rewritten the file.
void check_capture(const std::string& path) {
    const test::Drained drained = test::drain(path);
    REQUIRE(drained.error.empty());
    REQUIRE(drained.packets.size() == 3);
    for (size_t i = 0; i < 3; ++i) {
        const test::Seen& seen = drained.packets[i];
        CHECK(seen.time_ns == kTime + i * 1'000);
        CHECK(seen.self.who() == fmt::format("7@{}", kTime - 7));
        CHECK(seen.self.via == (i == 1 ? Via::kEvent : Via::kSocket));
        REQUIRE((seen.interface.event != nullptr) == (i == 1));
    }
    CHECK(drained.packets[1].interface.name == "socket:connect");
    CHECK(*drained.packets[1].interface.event == *connect_layout());
    CHECK(values(drained.packets[1]) == "errno=ECONNREFUSED to=192.0.2.1:80 cgroup=/user.slice ");
}

}  // namespace

TEST_CASE("an event that a capture writes is read back with its layout, process and time") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("events.pcapng");
    write_capture(path);
    check_capture(path);
}

TEST_CASE("other tools read a file with events, and keep them when they rewrite it") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("events.pcapng");
    write_capture(path, {.filter = "udp"});
    CHECK(test::lines(
              test::output_of({"tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=|",
                               "-e", "frame.interface_name", "-e", "frame.interface_description",
                               "-e", "eth.type", "-e", "frame.len"})) ==
          std::vector<std::string>{
              "eth0||0x0800|58",
              "socket:connect|pidcap layout 1; errno u 0 4 [111=ECONNREFUSED]; to sock 4 28; "
              "cgroup str 32 4|0x88b5|61",
              "eth0||0x0800|58"});
    // tcpdump gives up at an interface of another link type or snaplen.
    const test::CommandResult tcpdump = test::run({"tcpdump", "-n", "-tt", "-r", path});
    CHECK(tcpdump.status == 0);
    CHECK(test::occurrences(tcpdump.out, "IP 10.0.0.1.40000 > 10.0.0.2.9999: UDP") == 2);
    CHECK(test::contains(tcpdump.out, "ethertype Unknown (0x88b5)"));
    // The capture's packet filter says nothing about events.
    const std::string interfaces = test::output_of({"capinfos", path});
    CHECK(test::occurrences(interfaces, "Filter string = udp") == 1);

    const std::string again = folder.file("again.pcapng");
    SECTION("editcap") {
        test::output_of({"editcap", path, again});
        check_capture(again);
    }
    SECTION("mergecap") {
        test::output_of({"mergecap", "-w", again, path});
        check_capture(again);
    }
    SECTION("tshark") {
        test::output_of({"tshark", "-n", "-r", path, "-w", again});
        check_capture(again);
    }
}

TEST_CASE("an event interface's description is a layout on Ethernet only") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("f");
    pcapng::Writer writer = test::open_writer(path);
    const std::string layout = packet::layout_text(*connect_layout());
    for (const uint16_t link_type : {uint16_t{1}, uint16_t{113}, uint16_t{101}, uint16_t{147}}) {
        need(writer.add_interface({.link_type = link_type, .name = "i", .description = layout}));
    }
    need(writer.add_interface({.name = "i", .description = "a network card"}));
    need(writer.close());
    const test::Drained drained = test::drain(path);
    REQUIRE(drained.error.empty());
    REQUIRE(drained.interfaces.size() == 5);
    for (size_t i = 0; i < 5; ++i) {
        CAPTURE(i);
        CHECK((drained.interfaces[i].event != nullptr) == (i == 0));
    }
}

TEST_CASE("interfaces of two files are the same event only with the same layout") {
    const test::TemporaryFolder folder;
    const auto file = [&](const std::string& name, const std::string& layout) {
        pcapng::Writer writer = test::open_writer(folder.file(name));
        need(writer.add_interface({.name = "process:exec", .description = layout}));
        need(writer.packet({.data = test::udp_frame(), .wire_length = 58}));
        need(writer.close());
        return folder.file(name);
    };
    const std::vector<std::string> paths = {file("a", "pidcap layout 1; pid u 0 4"),
                                            file("b", "pidcap layout 1; pid u 4 4"),
                                            file("c", "pidcap layout 1; pid u 0 4"), file("d", "")};
    const test::Drained drained = test::drain(forensics::Source::open(paths));
    REQUIRE(drained.error.empty());
    REQUIRE(drained.packets.size() == 4);
    std::vector<uint32_t> numbers;
    for (const test::Seen& seen : drained.packets) {
        numbers.push_back(seen.interface.number);
    }
    CHECK(numbers == std::vector<uint32_t>{0, 1, 0, 2});
}

TEST_CASE("layouts can't fill the memory") {
    std::string layout = "pidcap layout 1; a u 0 4 [";
    while (layout.size() < packet::kMaxLayoutText - 100) {
        layout += fmt::format("{}=a,", layout.size() % 10);
    }
    layout += "]";
    const test::TemporaryFolder folder;
    const std::string path = folder.file("f");
    pcapng::Writer writer = test::open_writer(path);
    for (int i = 0; i < 200; ++i) {
        need(writer.add_interface({.name = "a", .description = layout}));
    }
    need(writer.close());
    const test::Drained drained = test::drain(path);
    CHECK(test::contains(drained.error, "the interfaces take more than 64 MiB"));
    CHECK(drained.interfaces.size() < 60);
}
