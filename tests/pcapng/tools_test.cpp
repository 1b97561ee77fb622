// SPDX-License-Identifier: GPL-2.0-only
//
// Our files as tshark, capinfos, editcap, mergecap and tcpdump see them, and theirs as we do.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <variant>
#include <vector>

#include "packet/process_comment.h"
#include "pcapng/reader.h"
#include "pcapng/writer.h"
#include "tests/pcapng/files.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

using namespace pcapng;
using test::contains;
using namespace std::string_literals;
using test::Bytes;
using test::need;

namespace {

constexpr uint64_t kTime = 1763650000123456789;

// One line a frame, the fields separated by '|'.
std::vector<std::string> fields(const std::string& path, const std::vector<std::string>& names) {
    std::vector<std::string> command = {"tshark", "-n",     "-r", path,
                                        "-T",     "fields", "-E", "separator=|"};
    for (const std::string& name : names) {
        command.insert(command.end(), {"-e", name});
    }
    return test::lines(test::output_of(command));
}

std::vector<std::string> hostile_names() {
    return {"a b",
            "100%",
            "\x1b[2J\x1b]0;x\x07",
            "new\nline",
            "tab\t|",
            "\xff\xfe",
            "\xed\xa0\x80",
            "caf\u00e9",
            "\u202Eevil",
            "\u2028",
            "\u009B31m",
            "pid=1 uid=0",
            "<script>\"'&",
            ",;=\\",
            "nul\0nul"s,
            "%00%0A",
            std::string(300, '%')};
}

}  // namespace

TEST_CASE("tshark sees a packet's time, lengths, interface, direction, drops and comment") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    const Bytes frame = test::udp_frame();
    Writer writer = test::open_writer(path);
    need(writer.add_interface({.snaplen = 262144, .name = "eth0", .description = "uplink"}));
    need(writer.packet({.time_ns = kTime,
                        .data = frame,
                        .wire_length = 1500,
                        .direction = Direction::kOutbound,
                        .drop_count = 7,
                        .process = ProcessThread{.pid = 812, .tid = 813},
                        .comment = "pid=812 via=socket"}));
    need(writer.add_interface({.snaplen = 262144, .name = "wlan0"}));
    need(writer.packet({.interface_id = 1,
                        .time_ns = kTime + 1,
                        .data = frame,
                        .wire_length = static_cast<uint32_t>(frame.size()),
                        .direction = Direction::kInbound}));
    need(writer.close());
    const auto seen =
        fields(path, {"frame.time_epoch", "frame.len", "frame.cap_len", "frame.interface_name",
                      "frame.interface_description", "frame.packet_flags_direction",
                      "frame.drop_count", "frame.comment", "udp.port"});
    REQUIRE(seen.size() == 2);
    CHECK(seen[0] ==
          "1763650000.123456789|1500|58|eth0|uplink|0x00000002|7|pid=812 via=socket|40000,9999");
    CHECK(seen[1] == "1763650000.123456790|58|58|wlan0||0x00000001|||40000,9999");
}

TEST_CASE("tshark sees how a packet was received") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    const Bytes frame = test::udp_frame();
    Writer writer = test::open_writer(path);
    need(writer.add_interface({}));
    for (const Reception reception : {Reception::kUnicast, Reception::kMulticast,
                                      Reception::kBroadcast, Reception::kPromiscuous}) {
        need(writer.packet({.time_ns = kTime, .data = frame, .reception = reception}));
    }
    need(writer.close());
    CHECK(fields(path, {"frame.packet_flags_reception_type"}) ==
          std::vector<std::string>{"1", "2", "3", "4"});
}

TEST_CASE("tshark sees a process's hostile names as one line that means the same") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    const Bytes frame = test::udp_frame();
    Writer writer = test::open_writer(path);
    need(writer.add_interface({.name = "eth0"}));
    for (const std::string& name : hostile_names()) {
        std::string comment;
        packet::Process process;
        process.pid = 1;
        process.comm = process.exe = process.cmdline = process.cgroup = name;
        packet::append_process(comment, process, 0, packet::Via::kSocket);
        packet::append_introduction(comment, process);
        need(writer.packet({.time_ns = kTime, .data = frame, .comment = comment}));
    }
    need(writer.close());
    const auto seen = fields(path, {"frame.comment"});
    REQUIRE(seen.size() == hostile_names().size());
    for (size_t i = 0; i < seen.size(); ++i) {
        INFO(seen[i]);
        const auto comment = packet::parse_comment(seen[i]);
        REQUIRE(comment.has_value());
        CHECK(comment->pairs.size() == 6);
        CHECK(comment->find("comm") == hostile_names()[i]);
        CHECK(comment->find("cgroup") == hostile_names()[i]);
    }
}

TEST_CASE("capinfos sees the section, the interfaces and the statistics") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    const Bytes frame = test::udp_frame();
    Writer writer = test::open_writer(path, {.hardware = "Some CPU",
                                             .os = "Linux 6.1",
                                             .application = "pidcap 0.1",
                                             .comments = {std::string(packet::kCommentGrammar)}});
    need(writer.add_interface({.snaplen = 262144,
                               .name = "eth0",
                               .description = "uplink",
                               .filter = "tcp port 443",
                               .os = "Linux 6.1",
                               .speed = 1000000000}));
    need(writer.packet({.time_ns = kTime, .data = frame}));
    need(writer.packet({.time_ns = kTime + 1, .data = frame}));
    need(writer.statistics({.time_ns = kTime, .received = 2, .dropped = 0}));
    need(writer.close());
    const std::string seen = test::output_of({"capinfos", path});
    for (const char* line :
         {"Capture hardware:    Some CPU", "Capture oper-sys:    Linux 6.1",
          "Capture application: pidcap 0.1", "Capture comment:     pidcap comment grammar 1",
          "Number of packets:   2", "File timestamp precision:  nanoseconds (9)", "Name = eth0",
          "Description = uplink", "Filter string = tcp port 443", "Operating system = Linux 6.1",
          "Speed = 1000000000", "Capture length = 262144", "Number of stat entries = 1"}) {
        INFO(line);
        CHECK(contains(seen, line));
    }
}

TEST_CASE("tcpdump reads every packet past every block of ours") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    const Bytes frame = test::udp_frame();
    Writer writer = test::open_writer(path);
    need(writer.add_interface({.snaplen = 262144, .name = "eth0"}));
    need(writer.darwin_process(7, "curl"));
    need(writer.packet({.time_ns = kTime,
                        .data = frame,
                        .process = ProcessThread{.pid = 7},
                        .darwin_index = 0,
                        .comment = "pid=7"}));
    need(writer.process_information({.pid = 7, .name = "curl"}));
    const JournalField message[] = {{.name = "MESSAGE", .value = "hi"}};
    need(writer.journal_entry(kTime, message));
    need(writer.add_interface({.snaplen = 262144, .name = "late"}));
    need(writer.packet({.interface_id = 1, .time_ns = kTime + 1000, .data = frame}));
    need(writer.statistics({.time_ns = kTime}));
    need(writer.close());
    const auto seen = test::lines(test::output_of({"tcpdump", "-n", "-tt", "--nano", "-r", path}));
    REQUIRE(seen.size() == 2);
    CHECK(contains(seen[0], "1763650000.123456789 "));
    CHECK(contains(seen[0], "10.0.0.1.40000 > 10.0.0.2.9999: UDP, length 16"));
    CHECK(contains(seen[1], "1763650000.123457789 "));
}

TEST_CASE("a journal entry is a frame that tshark names the fields of") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    Writer writer = test::open_writer(path);
    const JournalField entry[] = {{.name = "MESSAGE", .value = "exec\n\x1b[2J"},
                                  {.name = "_PID", .value = "812"},
                                  {.name = "_COMM", .value = "curl"},
                                  {.name = "_EXE", .value = "/usr/bin/curl"},
                                  {.name = "_CMDLINE", .value = "curl -v"},
                                  {.name = "_UID", .value = "1000"}};
    need(writer.journal_entry(kTime, entry));
    need(writer.close());
    const auto seen =
        fields(path, {"frame.time_epoch", "systemd_journal.message", "systemd_journal.pid",
                      "systemd_journal.comm", "systemd_journal.exe", "systemd_journal.cmdline",
                      "systemd_journal.uid"});
    REQUIRE(seen.size() == 1);
    CHECK(seen[0] == "1763650000.123456000|exec\\n%1B[2J|812|curl|/usr/bin/curl|curl -v|1000");
}

TEST_CASE("comments, directions and drops survive tshark, editcap and mergecap") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    const Bytes frame = test::udp_frame();
    Writer writer = test::open_writer(path);
    need(writer.add_interface({.snaplen = 262144, .name = "eth0"}));
    need(writer.darwin_process(7, "curl"));
    for (uint64_t i = 0; i < 10; ++i) {
        need(writer.packet({.time_ns = kTime + i,
                            .data = frame,
                            .wire_length = 99,
                            .direction = Direction::kOutbound,
                            .drop_count = i,
                            .process = ProcessThread{.pid = 7, .tid = 8},
                            .darwin_index = 0,
                            .comment = fmt::format("pid=7 comm=a%20b st={} via=socket", i)}));
    }
    need(writer.close());

    const std::vector<std::vector<std::string>> rewriters = {
        {"tshark", "-r", path, "-w", folder.file("tshark.pcapng")},
        {"tshark", "-r", path, "-Y", "udp", "-w", folder.file("filtered.pcapng")},
        {"editcap", path, folder.file("editcap.pcapng")},
        {"mergecap", "-w", folder.file("mergecap.pcapng"), path},
    };
    for (const auto& command : rewriters) {
        const std::string rewritten = command[0] == "mergecap"  ? command[2]
                                      : command[0] == "editcap" ? command[2]
                                                                : command.back();
        INFO(rewritten);
        (void)test::output_of(command);
        Reader reader = need(Reader::open_file(rewritten));
        uint64_t packets = 0;
        while (std::optional<Block> block = need(reader.next())) {
            const auto* packet = std::get_if<PacketRead>(&*block);
            if (packet == nullptr) {
                continue;
            }
            CHECK(packet->time_ns == kTime + packets);
            CHECK(packet->wire_length == 99);
            CHECK((Bytes(packet->data.begin(), packet->data.end()) == frame));
            CHECK(packet->direction == Direction::kOutbound);
            CHECK(packet->drop_count == packets);
            const auto comment = packet::parse_comment(packet->comment);
            REQUIRE(comment.has_value());
            CHECK(comment->find("comm") == "a b");
            CHECK(comment->number("st") == packets);
            ++packets;
        }
        CHECK(packets == 10);
    }
}

TEST_CASE("a file of a hundred thousand packets is the same to us and to capinfos") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    Writer writer = test::open_writer(path);
    need(writer.add_interface({.name = "eth0"}));
    for (uint32_t i = 0; i < 100000; ++i) {
        const Bytes frame = test::udp_frame(i % 1400);
        need(writer.packet({.time_ns = kTime + i, .data = frame, .comment = "pid=1 via=socket"}));
    }
    need(writer.close());
    CHECK(contains(test::output_of({"capinfos", "-M", "-c", path}), "Number of packets:   100000"));
    Reader reader = need(Reader::open_file(path));
    uint32_t packets = 0;
    uint64_t end = 0;
    while (std::optional<Block> block = need(reader.next())) {
        if (const auto* packet = std::get_if<PacketRead>(&*block)) {
            const bool right = packet->time_ns == kTime + packets &&
                               packet->data.size() == test::udp_frame(packets % 1400).size();
            if (!right) {
                FAIL("packet " << packets);
            }
            ++packets;
        }
        end = reader.offset() + reader.raw().size();
    }
    CHECK(packets == 100000);
    CHECK(end == writer.bytes());
}

TEST_CASE("a program that isn't there is named") {
    const test::CommandResult result = test::run({"pidcap-no-such-program"});
    CHECK(result.status == 127);
    CHECK(result.err == "can't start pidcap-no-such-program: No such file or directory");
}

TEST_CASE("a program's output, errors and status are kept apart") {
    const test::CommandResult result =
        test::run({"sh", "-c", "printf '%s' \"$1\"; printf err >&2; cat; exit 3", "sh", "a b$(x)"});
    CHECK(result.status == 3);
    CHECK(result.out == "a b$(x)");
    CHECK(result.err == "err");
    CHECK(test::run({"sh", "-c", "kill -9 $$"}).status == 137);
}

TEST_CASE("a key log is the block that editcap makes of it, and editcap takes it out again") {
    const test::TemporaryFolder folder;
    const std::string lines =
        "CLIENT_RANDOM " + std::string(64, 'a') + " " + std::string(96, 'b') + "\n# a comment\n";
    const auto written = [&](const std::string& name, bool has_keys) {
        Writer writer = test::open_writer(folder.file(name));
        need(writer.add_interface({}));
        if (has_keys) {
            need(writer.tls_keys(lines));
        }
        need(writer.packet({.time_ns = kTime, .data = test::udp_frame()}));
        need(writer.close());
        return folder.file(name);
    };
    const auto secrets = [](const std::string& path) {
        std::vector<Bytes> blocks;
        Reader reader = need(Reader::open_file(path));
        while (std::optional<Block> block = need(reader.next())) {
            if (std::holds_alternative<SecretsRead>(*block)) {
                blocks.emplace_back(reader.raw().begin(), reader.raw().end());
            }
        }
        return blocks;
    };
    const std::string ours = written("ours", true);
    const std::string plain = written("plain", false);
    test::write_file(folder.file("keys"), Bytes(lines.begin(), lines.end()));
    (void)test::output_of({"editcap", "--inject-secrets", "tls," + folder.file("keys"), plain,
                           folder.file("theirs")});
    (void)test::output_of({"editcap", "--discard-all-secrets", ours, folder.file("discarded")});
    (void)test::output_of({"editcap", ours, folder.file("copied")});

    REQUIRE(secrets(ours).size() == 1);
    CHECK(secrets(ours) == secrets(folder.file("theirs")));
    CHECK(secrets(ours) == secrets(folder.file("copied")));
    CHECK(secrets(folder.file("discarded")).empty());
}
