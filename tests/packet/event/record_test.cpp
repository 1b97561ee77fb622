// SPDX-License-Identifier: GPL-2.0-only
#include "packet/event/record.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <random>
#include <string>

#include "packet/event/frame.h"

using packet::Address;
using packet::EventAddress;
using packet::EventLayout;
using packet::EventRecord;
using packet::EventValue;
using packet::FieldKind;
using packet::read_event;

namespace {

using Bytes = std::vector<uint8_t>;
using Texts = std::map<std::string, std::string>;

EventLayout layout_of(const std::string& fields) {
    return packet::parse_layout("pidcap layout 1; " + fields).value();
}

Texts texts(const EventLayout& layout, std::span<const uint8_t> record) {
    Texts texts;
    for (const EventValue& value : read_event(layout, record)) {
        texts[value.field->name] = packet::value_text(value);
    }
    return texts;
}

Address ip(std::initializer_list<uint8_t> bytes) {
    const Bytes all(bytes);
    return packet::address_of(std::as_bytes(std::span(all)));
}

}  // namespace

TEST_CASE("an event's values are read as a C compiler lays out its struct") {
    struct {
        uint32_t errno_number = 111;
        int16_t change = -2;
        uint8_t flag = 200;
        int8_t low = -128;
        void* pointer = reinterpret_cast<void*>(0xffff888012345678);
        int64_t least = INT64_MIN;
        uint64_t most = UINT64_MAX;
        uint8_t from[4] = {192, 0, 2, 1};
        sockaddr_in6 to{};
        sockaddr_in to4{};
        char comm[16] = "curl";
        char full[4] = {'f', 'u', 'l', 'l'};
        uint32_t path = 0;
        uint32_t bytes = 0;
    } native;
    native.to.sin6_family = AF_INET6;
    native.to.sin6_port = htons(443);
    native.to.sin6_addr.s6_addr[0] = 0x20;
    native.to.sin6_addr.s6_addr[1] = 0x01;
    native.to.sin6_addr.s6_addr[15] = 7;
    native.to4.sin_family = AF_INET;
    native.to4.sin_port = htons(80);
    native.to4.sin_addr.s_addr = htonl(0xc0000202);
    native.path = sizeof(native) | 6 << 16;
    native.bytes = (sizeof(native) + 6) | 3 << 16;
    Bytes record(sizeof(native));
    std::memcpy(record.data(), &native, sizeof(native));
    for (const char c : std::string("/bin/\0abc", 9)) {
        record.push_back(static_cast<uint8_t>(c));
    }
    const auto at = [&](const auto& member) {
        return std::to_string(reinterpret_cast<const char*>(&member) -
                              reinterpret_cast<const char*>(&native));
    };
    const EventLayout layout = layout_of(
        "errno u " + at(native.errno_number) + " 4 [111=ECONNREFUSED]; change s " +
        at(native.change) + " 2 [-2=DOWN]; flag u " + at(native.flag) + " 1; low s " +
        at(native.low) + " 1; pointer ptr " + at(native.pointer) + " 8; least s " +
        at(native.least) + " 8; most u " + at(native.most) + " 8; from ip4 " + at(native.from) +
        " 4; to sock " + at(native.to) + " 28; to4 sock " + at(native.to4) + " 16; comm chars " +
        at(native.comm) + " 16; full chars " + at(native.full) + " 4; path str " + at(native.path) +
        " 4; bytes dyn " + at(native.bytes) + " 4; raw bytes " + at(native.full) +
        " 2; from6 ip6 " + at(native.to.sin6_addr) + " 16");
    CHECK(texts(layout, record) == Texts{{"errno", "ECONNREFUSED"},
                                         {"change", "DOWN"},
                                         {"flag", "200"},
                                         {"low", "-128"},
                                         {"pointer", "0xffff888012345678"},
                                         {"least", "-9223372036854775808"},
                                         {"most", "18446744073709551615"},
                                         {"from", "192.0.2.1"},
                                         {"to", "[2001::7]:443"},
                                         {"to4", "192.0.2.2:80"},
                                         {"comm", "curl"},
                                         {"full", "full"},
                                         {"path", "/bin/"},
                                         {"bytes", "616263"},
                                         {"raw", "6675"},
                                         {"from6", "2001::7"}});
}

TEST_CASE("a field that isn't wholly within the record is left out, and the others are not") {
    const EventLayout layout =
        layout_of("a u 0 4; b u 4 4; c chars 6 4; d bytes 0 8; e u 65000 8; f u 7 1");
    CHECK(texts(layout, Bytes(8, 1)) ==
          Texts{{"a", "16843009"}, {"b", "16843009"}, {"d", "0101010101010101"}, {"f", "1"}});
    CHECK(texts(layout, Bytes(7, 1)) == Texts{{"a", "16843009"}});
    CHECK(texts(layout, {}).empty());
}

TEST_CASE("a locator can't leave the record") {
    const EventLayout layout = layout_of("s str 0 4; d dyn 0 4");
    const auto with = [&](uint32_t at, uint32_t size) {
        Bytes record(8, 'x');
        const uint32_t locator = at | size << 16;
        std::memcpy(record.data(), &locator, sizeof(locator));
        return texts(layout, record);
    };
    CHECK(with(4, 4) == Texts{{"s", "xxxx"}, {"d", "78787878"}});
    CHECK(with(7, 1) == Texts{{"s", "x"}, {"d", "78"}});
    for (const auto& [at, size] : {std::pair{4U, 5U},
                                   {5U, 4U},
                                   {8U, 1U},
                                   {9U, 0U},
                                   {65535U, 1U},
                                   {0U, 65535U},
                                   {65535U, 65535U},
                                   {8U, 0U},
                                   {0U, 0U}}) {
        CAPTURE(at, size);
        CHECK(with(at, size).empty());
    }
}

TEST_CASE("what isn't recorded isn't read as a value") {
    const EventLayout layout = layout_of("text str 0 4; chars chars 4 4; to sock 8 28; n u 36 4");
    Bytes record(40);
    CHECK(texts(layout, record) == Texts{{"n", "0"}});
    // A locator of an empty text with its NUL, and a Unix domain socket.
    record[0] = 7;
    record[2] = 1;
    record[8] = AF_UNIX;
    CHECK(texts(layout, record) == Texts{{"n", "0"}});
    // An IPv6 address needs more than a sockaddr_in.
    Bytes small(16);
    small[0] = AF_INET6;
    CHECK(texts(layout_of("to sock 0 16"), small).empty());
    small[0] = AF_INET;
    CHECK(texts(layout_of("to sock 0 16"), small) == Texts{{"to", "0.0.0.0:0"}});
}

TEST_CASE("a record that was made by a layout is read by it") {
    const auto layout = std::make_shared<const EventLayout>(
        packet::lay_out({{.name = "pid", .size = 4},
                         {.name = "path", .kind = FieldKind::kString, .size = 4},
                         {.name = "code", .kind = FieldKind::kSigned, .size = 8},
                         {.name = "comm", .kind = FieldKind::kChars, .size = 4},
                         {.name = "from", .kind = FieldKind::kIp4, .size = 4},
                         {.name = "from6", .kind = FieldKind::kIp6, .size = 16},
                         {.name = "to", .kind = FieldKind::kSocketAddress, .size = 28},
                         {.name = "peer", .kind = FieldKind::kSocketAddress, .size = 28},
                         {.name = "mac", .kind = FieldKind::kBytes, .size = 6},
                         {.name = "packet", .kind = FieldKind::kDynamic, .size = 4}}));
    EventRecord record(layout);
    const Texts empty = {
        {"pid", "0"}, {"code", "0"}, {"from", "0.0.0.0"}, {"from6", "::"}, {"mac", "000000000000"}};
    CHECK(texts(*layout, record.bytes()) == empty);

    const Address six = ip({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    record.set_number("pid", 4242);
    record.set_text("path", "/usr/bin/curl");
    record.set_number("code", static_cast<uint64_t>(-13));
    record.set_text("comm", "a name that is too long");
    record.set_address("from", {.address = ip({10, 0, 0, 1})});
    record.set_address("from6", {.address = six});
    record.set_address("to", {.address = six, .port = 443});
    record.set_address("peer", {.address = ip({10, 0, 0, 2}), .port = 53});
    record.set_bytes("mac", Bytes{1, 2, 3, 4, 5, 6});
    record.set_bytes("packet", Bytes{0x45, 0});
    CHECK(texts(*layout, record.bytes()) == Texts{{"pid", "4242"},
                                                  {"path", "/usr/bin/curl"},
                                                  {"code", "-13"},
                                                  {"comm", "a na"},
                                                  {"from", "10.0.0.1"},
                                                  {"from6", "2001:db8::1"},
                                                  {"to", "[2001:db8::1]:443"},
                                                  {"peer", "10.0.0.2:53"},
                                                  {"mac", "010203040506"},
                                                  {"packet", "4500"}});
    record.clear();
    CHECK(texts(*layout, record.bytes()) == empty);
}

TEST_CASE("a record's dynamic data end where a locator can't reach") {
    const auto layout = std::make_shared<const EventLayout>(
        packet::lay_out({{.name = "one", .kind = FieldKind::kString, .size = 4},
                         {.name = "two", .kind = FieldKind::kDynamic, .size = 4},
                         {.name = "three", .kind = FieldKind::kString, .size = 4}}));
    EventRecord record(layout);
    record.set_text("one", std::string(60'000, 'x'));
    record.set_bytes("two", Bytes(60'000, 1));
    record.set_text("three", "x");
    CHECK(record.bytes().size() == packet::kMaxRecordSize);
    const std::vector<EventValue> values = read_event(*layout, record.bytes());
    REQUIRE(values.size() == 2);
    CHECK(std::get<std::string_view>(values[0].value).size() == 60'000);
    CHECK(std::get<std::span<const uint8_t>>(values[1].value).size() ==
          packet::kMaxRecordSize - 12 - 60'000);
}

TEST_CASE("records of random bytes are read within their bounds") {
    const EventLayout layout = layout_of(
        "a u 0 8; s str 4 4; d dyn 8 4; t str 10 4; e dyn 17 4; to sock 12 28; c chars 3 30");
    std::mt19937 random(1);
    for (int round = 0; round < 50'000; ++round) {
        Bytes record(random() % 64);
        for (uint8_t& byte : record) {
            // Small numbers make locators that lead somewhere.
            byte = static_cast<uint8_t>(random() % (random() % 4 == 0 ? 256 : 8));
        }
        for (const EventValue& value : read_event(layout, record)) {
            const auto* data = reinterpret_cast<const char*>(record.data());
            if (const auto* text = std::get_if<std::string_view>(&value.value)) {
                REQUIRE((text->data() >= data && text->end() <= data + record.size()));
                REQUIRE(text->find('\0') == std::string_view::npos);
            }
            if (const auto* piece = std::get_if<std::span<const uint8_t>>(&value.value)) {
                REQUIRE((piece->data() >= record.data() &&
                         piece->data() + piece->size() <= record.data() + record.size()));
            }
        }
    }
}

TEST_CASE("an event's frame is one of Ethernet without addresses, with the record behind it") {
    const Bytes record = {1, 2, 3};
    Bytes frame;
    packet::append_frame(frame, record);
    CHECK(frame == Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x88, 0xB5, 1, 2, 3});
    const auto found = packet::record_of(frame);
    REQUIRE(found.has_value());
    CHECK(std::equal(found->begin(), found->end(), record.begin(), record.end()));
    frame.resize(packet::kEventHeaderSize);
    CHECK(packet::record_of(frame)->empty());
    for (size_t size = 0; size < packet::kEventHeaderSize; ++size) {
        CHECK_FALSE(packet::record_of(std::span(frame).first(size)).has_value());
    }
    frame[13] = 0xB6;
    CHECK_FALSE(packet::record_of(frame).has_value());
}

TEST_CASE("a packet is an event only on an interface with a layout") {
    packet::Interface interface;
    Bytes frame;
    packet::append_frame(frame, {});
    packet::Packet packet;
    packet.interface = &interface;
    packet.data = frame;
    CHECK_FALSE(packet::is_event(packet));
    interface.event = std::make_shared<const EventLayout>();
    CHECK(packet::is_event(packet));
    frame[12] = 0x08;
    CHECK_FALSE(packet::is_event(packet));
}
