// SPDX-License-Identifier: GPL-2.0-only
//
// Files of the other byte order, written by hand from the draft, as the Rewriter passes them on.
#include "forensics/rewrite/rewriter.h"

#include <catch2/catch.hpp>
#include <string>
#include <variant>

#include "forensics/rewrite/option_copy.h"
#include "pcapng/reader.h"
#include "tests/cmd/offline/written.h"

using forensics::OptionOf;
using test::Bytes;
using test::need;

namespace {

class BigEndian {
  public:
    BigEndian& u16(uint32_t value) { return number(value, 2); }
    BigEndian& u32(uint32_t value) { return number(value, 4); }
    BigEndian& bytes(const Bytes& bytes) {
        data.insert(data.end(), bytes.begin(), bytes.end());
        data.resize((data.size() + 3) / 4 * 4);
        return *this;
    }
    BigEndian& option(uint16_t code, const Bytes& value) {
        return u16(code).u16(static_cast<uint32_t>(value.size())).bytes(value);
    }
    BigEndian& block(uint32_t type, const BigEndian& body) {
        const auto length = static_cast<uint32_t>(body.data.size() + 12);
        return u32(type).u32(length).bytes(body.data).u32(length);
    }
    Bytes data;

  private:
    BigEndian& number(uint64_t value, int size) {
        for (int i = size; i-- > 0;) {
            data.push_back(static_cast<uint8_t>(value >> (8 * i)));
        }
        return *this;
    }
};

Bytes text(const std::string& text) {
    return {text.begin(), text.end()};
}

Bytes big_endian_file() {
    const Bytes frame = test::udp_frame();
    const auto length = static_cast<uint32_t>(frame.size());
    BigEndian section;
    section.u32(0x1A2B3C4D).u16(1).u16(0).u32(0xFFFFFFFF).u32(0xFFFFFFFF);
    BigEndian interface;
    interface.u16(1).u16(0).u32(262144).option(2, text("en0"));
    interface.option(8, {0, 0, 0, 0, 0x3B, 0x9A, 0xCA, 0}).u32(0);
    BigEndian process;
    process.u32(4242).option(2, text("Safari")).u32(0);
    BigEndian packet;  // 1763650000.5 s in microseconds
    const uint64_t time = 1763650000500000;
    packet.u32(0).u32(static_cast<uint32_t>(time >> 32)).u32(static_cast<uint32_t>(time));
    packet.u32(length).u32(length + 100).bytes(frame);
    packet.option(2, {0, 0, 0, 6}).option(4, {0, 0, 0, 0, 0, 0, 0, 9});
    packet.option(8, {0, 0, 0x10, 0x92, 0, 0, 0x10, 0x93}).option(0x8001, {0, 0, 0, 0});
    packet.option(1, text("by hand")).option(5, {1, 2, 3, 4, 5, 6, 7, 8});
    packet.option(7, {2, 0, 0, 0, 0, 0, 0, 0, 5}).u32(0);
    BigEndian file;
    file.block(0x0A0D0D0A, section).block(1, interface).block(0x80000001, process);
    return file.block(6, packet).data;
}

Bytes copied(const Bytes& value, uint16_t code, pcapng::ByteOrder order) {
    pcapng::ByteBuffer out;
    forensics::copy_option(out, {.code = code, .value = value}, order, OptionOf::kPacket,
                           forensics::Detail::kAll);
    return {out.view().begin(), out.view().end()};
}

}  // namespace

TEST_CASE("a big-endian file's packets are the same in a little-endian one") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("out.pcapng");
    test::write_file(in, big_endian_file());
    auto file = need(forensics::InputFile::open(in));
    const auto packet = need(file->next());
    REQUIRE(packet != nullptr);
    auto rewriter = need(forensics::Rewriter::create(need(pcapng::Output::open_file(out)), {}));
    rewriter.add_input(*file, {});
    need(rewriter.packet(0, *packet));
    CHECK(need(file->next()) == nullptr);
    need(rewriter.finish());

    const std::vector<std::string> fields = {
        "frame.time_epoch",       "frame.len",
        "frame.cap_len",          "frame.packet_flags_direction",
        "frame.drop_count",       "frame.packet_id",
        "frame.verdict.ebpf_xdp", "frame.interface_name",
        "frame.comment"};
    CHECK(test::tshark_lines(in, fields) == test::tshark_lines(out, fields));

    auto reader = need(pcapng::Reader::open_file(out));
    uint32_t pid = 0;
    while (auto block = need(reader.next())) {
        CHECK(reader.byte_order() == pcapng::ByteOrder::kLittle);
        if (const auto* process = std::get_if<pcapng::DarwinProcessRead>(&*block)) {
            pid = process->pid;
        } else if (const auto* read = std::get_if<pcapng::PacketRead>(&*block)) {
            CHECK(read->process == pcapng::ProcessThread{4242, 4243});
            CHECK(read->darwin_index == 0u);
        } else if (const auto* interface = std::get_if<pcapng::InterfaceRead>(&*block)) {
            CHECK(interface->speed == 1000000000u);
        }
    }
    CHECK(pid == 4242);
}

TEST_CASE("what counts only in an enhanced packet block doesn't come out of an obsolete one") {
    const test::TemporaryFolder folder;
    const Bytes frame = test::udp_frame();
    const auto length = static_cast<uint32_t>(frame.size());
    BigEndian section;
    section.u32(0x1A2B3C4D).u16(1).u16(0).u32(0xFFFFFFFF).u32(0xFFFFFFFF);
    BigEndian interface;
    interface.u16(1).u16(0).u32(262144);
    BigEndian process;
    process.u32(4242).option(2, text("Safari")).u32(0);
    BigEndian packet;
    packet.u16(0).u16(3).u32(0).u32(0).u32(length).u32(length).bytes(frame);
    packet.option(2, {0, 0, 0, 1}).option(4, {0, 0, 0, 0, 0, 0, 0, 9});
    packet.option(8, {0, 0, 0x10, 0x92, 0, 0, 0x10, 0x93}).option(0x8001, {0, 0, 0, 0});
    packet.option(1, text("by hand")).u32(0);
    BigEndian file;
    file.block(0x0A0D0D0A, section).block(1, interface).block(0x80000001, process);
    test::write_file(folder.file("in"), file.block(2, packet).data);

    auto in = need(forensics::InputFile::open(folder.file("in")));
    const auto first = need(in->next());
    REQUIRE(first != nullptr);
    REQUIRE_FALSE(first->attributed());
    const std::string out = folder.file("out.pcapng");
    auto rewriter = need(forensics::Rewriter::create(need(pcapng::Output::open_file(out)), {}));
    rewriter.add_input(*in, {});
    need(rewriter.packet(0, *first));
    need(rewriter.finish());

    auto source = need(forensics::Source::open(out));
    const auto written = need(source.next());
    REQUIRE(written != nullptr);
    CHECK_FALSE(written->attributed());
    CHECK(written->direction == pcapng::Direction::kInbound);
    CHECK(written->drop_count == 3u);
    CHECK(source.block()->comment == "by hand");
}

TEST_CASE("a pid that is another process in the next section is not written into the same one") {
    const test::TemporaryFolder folder;
    const Bytes frame = test::udp_frame();
    const auto length = static_cast<uint32_t>(frame.size());
    BigEndian section;
    section.u32(0x1A2B3C4D).u16(1).u16(0).u32(0xFFFFFFFF).u32(0xFFFFFFFF);
    BigEndian interface;
    interface.u16(1).u16(0).u32(262144);
    BigEndian packet;
    packet.u32(0).u32(0).u32(0).u32(length).u32(length).bytes(frame);
    packet.option(8, {0, 0, 0x10, 0x92, 0, 0, 0x10, 0x93}).u32(0);
    BigEndian file;
    for (int i = 0; i < 2; ++i) {
        file.block(0x0A0D0D0A, section).block(1, interface).block(6, packet).block(6, packet);
    }
    test::write_file(folder.file("in"), file.data);

    auto in = need(forensics::InputFile::open(folder.file("in")));
    const std::string out = folder.file("out.pcapng");
    auto rewriter = need(forensics::Rewriter::create(need(pcapng::Output::open_file(out)), {}));
    rewriter.add_input(*in, {});
    for (int i = 0; i < 2; ++i) {
        need(rewriter.packet(0, *need(in->next())));
    }
    const auto refused = rewriter.packet(0, *need(in->next()));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("packet 3: pid 4242 is another process") !=
          std::string::npos);
    need(rewriter.finish());
    CHECK(test::output_of({"capinfos", "-Mrc", out}).find('2') != std::string::npos);
}

TEST_CASE("an option that nobody has defined is copied where its byte order stays") {
    const Bytes value = {1, 2, 3, 4};
    CHECK(copied(value, 0x7001, pcapng::ByteOrder::kLittle) == Bytes{1, 0x70, 4, 0, 1, 2, 3, 4});
    CHECK(copied(value, 0x7001, pcapng::ByteOrder::kBig).empty());
}

TEST_CASE("an option of the wrong length, or not to be copied, is left out") {
    CHECK(copied({1, 2, 3}, 2, pcapng::ByteOrder::kLittle).empty());
    CHECK(copied({1, 2, 3, 4, 5}, 19372, pcapng::ByteOrder::kLittle).empty());
    // Text of an enterprise: its number turns.
    CHECK(copied({0, 0, 0x7F, 0x6E, 'a', 'b', 'c', 'd'}, 2988, pcapng::ByteOrder::kBig) ==
          Bytes{0xAC, 0x0B, 8, 0, 0x6E, 0x7F, 0, 0, 'a', 'b', 'c', 'd'});
}
