// SPDX-License-Identifier: GPL-2.0-only
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <variant>

#include "pcapng/encode.h"
#include "pcapng/format.h"
#include "pcapng/reader.h"
#include "pcapng/writer.h"
#include "tests/cmd/offline/written.h"
#include "tests/support/named_host.h"

using test::Capture;
using test::contains;
using test::need;

namespace {

const std::vector<std::string> kFields = {"frame.time_epoch", "frame.len",
                                          "frame.cap_len",    "frame.packet_flags_direction",
                                          "frame.drop_count", "frame.interface_name",
                                          "frame.comment"};

const Capture::Who kCurl{.pid = 812, .comm = "curl"};
const Capture::Who kNginx{.pid = 77, .comm = "nginx", .uid = 33};

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
}

// The pids of the Darwin processes that packets point to.
std::vector<uint32_t> darwin_pids(const std::string& path) {
    auto reader = need(pcapng::Reader::open_file(path));
    std::vector<uint32_t> processes;
    std::vector<uint32_t> pids;
    while (auto block = need(reader.next())) {
        if (const auto* process = std::get_if<pcapng::DarwinProcessRead>(&*block)) {
            processes.push_back(process->pid);
        } else if (const auto* packet = std::get_if<pcapng::PacketRead>(&*block)) {
            pids.push_back(packet->darwin_index ? processes.at(*packet->darwin_index) : 0);
        }
    }
    return pids;
}

template <typename Read>
std::vector<Read> blocks_of(const std::string& path) {
    auto reader = need(pcapng::Reader::open_file(path));
    std::vector<Read> found;
    while (auto block = need(reader.next())) {
        if (const auto* read = std::get_if<Read>(&*block)) {
            found.push_back(*read);
        }
    }
    return found;
}

}  // namespace

namespace {

// The columns of `pidcap processes --json`, a row for each process.
std::vector<nlohmann::json> rows_of(const std::string& path) {
    std::vector<nlohmann::json> rows;
    const auto result = test::pidcap({"processes", "--json", path});
    REQUIRE(result.status == 0);
    for (const std::string& line : test::lines(result.out)) {
        rows.push_back(nlohmann::json::parse(line));
    }
    return rows;
}

}  // namespace

TEST_CASE("extract --comments short leaves out what is told of processes, but who they are") {
    const std::string name = GENERATE("pib.pcapng", "ptcpdump-0.37.pcapng", "pidcap");
    const bool selects = GENERATE(false, true);
    INFO(name);
    const test::TemporaryFolder folder;
    std::string from = std::string(TEST_DATA) + "/" + name;
    if (name == "pidcap") {
        from = folder.file("in");
        Capture file(from);
        file.packet(kCurl, true);
        file.packet(kNginx, true);
        file.plain(test::datagram(2, 9999, 1, 40000), "via=kernel");
        file.plain(test::datagram(2, 9999, 1, 40001), "curl was called with --secret");
        file.packet(kCurl, false);
        file.close();
    }
    const std::string out = folder.file("out");
    std::vector<std::string> arguments = {"extract", from, "--comments", "short", "-w", out};
    if (selects) {
        arguments.insert(arguments.end(), {"-c", "1000000"});
    }
    test::pidcap_done(arguments);
    const auto before = rows_of(from);
    const auto after = rows_of(out);
    REQUIRE_FALSE(before.empty());
    REQUIRE(after.size() == before.size());
    const std::string bytes = test::content_of(out);
    for (size_t i = 0; i < before.size(); i++) {
        for (const char* key : {"pid", "comm", "uid", "sent_packets", "received_packets"}) {
            CHECK(after[i].at(key) == before[i].at(key));
        }
        for (const char* key : {"cmdline", "ppid", "cgroup", "container"}) {
            CHECK(after[i].at(key).is_null());
        }
        if (before[i].at("cmdline").is_string()) {
            CHECK_FALSE(contains(bytes, before[i].at("cmdline").get<std::string>()));
        }
    }
    CHECK_FALSE(contains(bytes, "secret"));
    CHECK_FALSE(contains(bytes, "cmdline="));
    CHECK_FALSE(contains(bytes, "_CMDLINE"));
    CHECK_FALSE(contains(bytes, "Args:"));
    CHECK_FALSE(contains(bytes, "--now"));
    CHECK(test::pidcap({"read", "-n", out}).out == test::pidcap({"read", "-n", from}).out);
    (void)test::tshark_lines(out, {"frame.number"});
}

TEST_CASE("extract --comments short leaves out comments and unknown options of every block") {
    const bool selects = GENERATE(false, true);
    const test::TemporaryFolder folder;
    const std::string from = folder.file("in");
    // A comment, a custom option, and one of a code that nobody has defined.
    const auto told = [](pcapng::ByteBuffer& options) {
        options.option(pcapng::kOptComment, std::string_view("a --secret of a comment"));
        options.option(2988, std::string_view("PEN!a --secret of a custom option"));
        options.option(0x7abc, std::string_view("a --secret of an unknown option"));
        options.end_of_options();
    };
    pcapng::ByteBuffer options;
    told(options);
    {
        auto writer = need(
            pcapng::Writer::create_encoded(need(pcapng::Output::open_file(from)), options.view()));
        (void)need(writer.add_interface({.link_type = 1, .snaplen = 65535}, options.view()));
        (void)need(writer.darwin_process(7, std::string_view("a --secret name")));
        need(writer.packet({.time_ns = 1, .data = {}, .wire_length = 0}, options.view()));
        pcapng::ByteBuffer body;
        for (int i = 0; i < 3; i++) {  // interface 0, at 0
            body.u32(0);
        }
        told(body);
        need(writer.block(pcapng::kInterfaceStatisticsBlock, body.view()));
        body.clear();
        body.end_of_options();
        told(body);
        need(writer.block(pcapng::kNameResolutionBlock, body.view()));
        body.clear();
        body.u32(0x544c534b);  // TLS key log
        body.u32(0);
        told(body);
        need(writer.block(pcapng::kDecryptionSecretsBlock, body.view()));
        need(writer.block(0x7abcdef0, options.view()));
        need(writer.block(pcapng::kCustomBlock, options.view()));
        need(writer.close());
    }
    const std::string out = folder.file("out");
    std::vector<std::string> arguments = {"extract", from, "--comments", "short", "-w", out};
    if (selects) {
        arguments.insert(arguments.end(), {"-c", "1000000"});
    }
    test::pidcap_done(arguments);
    const std::string before = test::content_of(from);
    CHECK(contains(before, "--secret"));
    CHECK_FALSE(contains(test::content_of(out), "--secret"));
    CHECK(test::tshark_lines(out, {"frame.number"}).size() == 1);
}

TEST_CASE("extract without a selection changes no packet") {
    for (const std::string name : {"darwin.pcapng", "journal.pcapng", "pib.pcapng",
                                   "ptcpdump-0.37.pcapng", "darwin-bad-index.pcapng"}) {
        const test::TemporaryFolder folder;
        const std::string out = folder.file("out.pcapng");
        test::pidcap_done({"extract", test::sample(name), "-w", out});
        INFO(name);
        CHECK(test::tshark_lines(out, kFields) == test::tshark_lines(test::sample(name), kFields));
        CHECK(test::tshark_lines(out, {"frame.protocols"}).size() ==
              test::tshark_lines(test::sample(name), {"frame.protocols"}).size());
    }
}

TEST_CASE("extract without a selection loses no block and no option") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("out.pcapng");
    const auto section = [](const std::string& comment) {
        pcapng::ByteBuffer options;
        options.option(pcapng::kOptComment, "pidcap comment grammar 1");
        options.option(pcapng::kShbApplication, "Mergecap\t1");
        options.option(pcapng::kOptComment, comment);
        options.option(2988, std::string_view("\x6e\x7f\0\0custom", 10));
        options.end_of_options();
        return test::Bytes(options.view().begin(), options.view().end());
    };
    const auto interface = [](pcapng::Writer& writer, const std::string& name) {
        pcapng::ByteBuffer options;
        options.option(pcapng::kIfName, name);
        options.option(2989, std::string_view("\x6e\x7f\0\0bytes", 9));
        options.option(pcapng::kIfTsresol, test::Bytes{9});
        options.end_of_options();
        return need(writer.add_interface({.snaplen = 262144}, options.view()));
    };
    const test::Bytes frame = test::datagram(1, 40000, 2);
    auto writer = need(pcapng::Writer::create_encoded(need(pcapng::Output::open_file(in)),
                                                      section("File1: a\nFile2: b\n")));
    need(writer.darwin_process(7, "idle"));
    interface(writer, "idle0");
    const uint32_t eth0 = interface(writer, "eth0");
    need(writer.packet({.interface_id = eth0, .time_ns = test::kStart, .data = frame}));
    need(writer.process_information({.pid = 9, .name = "nobody"}));
    need(writer.block(0x0BAD0001, test::Bytes{1, 2, 3, 4}));
    need(writer.block(pcapng::kCustomBlock, test::Bytes{1, 0, 0, 0, 5, 6, 7, 8}));
    need(writer.statistics({.interface_id = 0, .time_ns = test::kStart, .received = 3}));
    need(writer.begin_section(section("the second")));
    const uint32_t curl = need(writer.darwin_process(8, "curl"));
    const uint32_t wlan0 = interface(writer, "wlan0");
    need(writer.packet({.interface_id = wlan0,
                        .time_ns = test::kStart + 1,
                        .data = frame,
                        .process = pcapng::ProcessThread{8, 8},
                        .darwin_index = curl}));
    need(writer.begin_section(section("without a packet")));
    interface(writer, "idle1");
    need(writer.statistics({.interface_id = 0, .time_ns = test::kStart, .delivered = 0}));
    need(writer.close());

    test::pidcap_done({"extract", in, "-w", out});
    CHECK((test::read_file(out) == test::read_file(in)));
    CHECK(test::tshark_lines(out, kFields) == test::tshark_lines(in, kFields));
    const auto described = test::output_of({"capinfos", "-K", "-t", out});
    CHECK(!contains(described, "%0A"));
}

TEST_CASE("a section's comment of several lines stays as it is") {
    const test::TemporaryFolder folder;
    const std::string out = folder.file("out.pcapng");
    test::pidcap_done({"extract", test::sample("shb-comment-multiline.pcapng"), "-w", out});
    const std::string expected = "File created by merging: \nFile1: a.pcap \nFile2: b.pcap \n";
    auto reader = need(pcapng::Reader::open_file(out));
    const auto block = need(reader.next());
    std::vector<std::string> comments;
    for (const pcapng::Option& option : std::get<pcapng::SectionRead>(*block).options) {
        if (option.code == pcapng::kOptComment) {
            comments.emplace_back(option.text());
        }
    }
    CHECK(comments == std::vector<std::string>{"pidcap comment grammar 1", expected});
}

TEST_CASE("a packet of more bytes than a capture takes is copied whole") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("out.pcapng");
    auto writer = test::open_writer(in);
    pcapng::ByteBuffer options;
    options.end_of_options();
    need(writer.add_interface({}, options.view()));
    const test::Bytes frame = test::udp_frame(300000);
    need(writer.packet({.time_ns = test::kStart, .data = frame}));
    need(writer.close());
    for (const std::vector<std::string>& selection :
         {std::vector<std::string>{}, {"--unattributed"}}) {
        std::vector<std::string> command = {"extract", in, "-w", out};
        command.insert(command.end(), selection.begin(), selection.end());
        test::pidcap_done(command);
        auto reader = need(pcapng::Reader::open_file(out));
        size_t bytes = 0;
        while (auto block = need(reader.next())) {
            if (const auto* packet = std::get_if<pcapng::PacketRead>(&*block)) {
                bytes += packet->data.size();
            }
        }
        CHECK(bytes == frame.size());
    }
}

TEST_CASE("no block becomes larger than can be read, and what has no room is told") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("out.pcapng");
    Capture capture(in);
    const Capture::Who curl{.pid = 812, .comm = "curl"};
    capture.packet(curl, true);
    // A packet of the process whose block has the largest size of all.
    const test::Bytes frame = test::datagram(1, 40000, 2);
    pcapng::ByteBuffer options;
    options.option(pcapng::kOptComment, "pid=812 comm=curl uid=1000 st=1763649999000000000");
    constexpr size_t kWhole = pcapng::kMaxBlockSize;
    constexpr size_t kHead = 32;
    size_t left = kWhole - kHead - (frame.size() + 3) / 4 * 4 - options.size() - 4 - 4;
    for (; left > 65536; left -= 32768) {
        options.option(40000, test::Bytes(32764));
    }
    options.option(40000, test::Bytes(left - 4));
    options.end_of_options();
    need(capture.writer.packet(
        pcapng::PacketBlock{.time_ns = capture.time_ns + 1000000000, .data = frame},
        options.view()));
    capture.time_ns += 2000000000;
    capture.packet(curl, false);
    capture.close();
    const auto extracted = test::pidcap({"extract", in, "--after", "+1s", "-w", out});
    CHECK(extracted.status == 1);
    CHECK(contains(extracted.err, "no room"));
    const auto comments = test::comments(out);
    REQUIRE(comments.size() == 2);
    CHECK(!contains(comments[0], "cmdline="));
    CHECK(contains(comments[1], "cmdline="));  // introduced where there is room
    CHECK(test::pidcap({"read", out}).status == 0);
}

TEST_CASE("an extract is of its capture's host, and one without details doesn't name it") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("out.pcapng");
    Capture capture(in);
    capture.packet(kCurl, true);
    capture.close();
    test::with_section_comment(in, "host=secret1");
    test::pidcap_done({"extract", in, "--pid", "812", "-w", out});
    CHECK(test::comments(out) == test::comments(in));
    CHECK(contains(test::output_of({"capinfos", "-k", out}), "host=secret1\n"));
    CHECK(contains(test::pidcap({"processes", "--json", out}).out, R"("host":"secret1")"));
    // One host needs no name beside each process, nor in those of files.
    CHECK(contains(test::pidcap({"processes", out}).out, "\ncurl[812] "));
    CHECK_FALSE(contains(test::pidcap({"read", "--tree", out}).out, "host="));
    test::pidcap_done({"extract", in, "--split", "process", "-w", folder.file("split")});
    CHECK(test::comments(folder.file("split/812-curl.pcapng")) == test::comments(in));

    test::pidcap_done({"extract", in, "--comments", "short", "-w", out});
    CHECK(test::comments(out)[0].starts_with("pid=812 "));
    const auto bytes = test::read_file(out);
    CHECK_FALSE(contains(std::string(bytes.begin(), bytes.end()), "secret1"));
}

TEST_CASE("of files of two hosts that were joined byte by byte each packet keeps its host") {
    const test::TemporaryFolder folder;
    test::Bytes both;
    for (const std::string host : {"web", "db"}) {
        const std::string file = folder.file(host);
        Capture capture(file);
        capture.packet(kCurl, true);
        capture.close();
        test::with_section_comment(file, "host=" + host);
        const test::Bytes bytes = test::read_file(file);
        both.insert(both.end(), bytes.begin(), bytes.end());
    }
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("out.pcapng");
    test::write_file(in, both);
    const std::vector<std::string> options =
        GENERATE(std::vector<std::string>{}, std::vector<std::string>{"--pid", "812"});
    std::vector<std::string> command = {"extract", in, "-w", out};
    command.insert(command.end(), options.begin(), options.end());
    test::pidcap_done(command);
    for (const std::string& file : {in, out}) {
        const auto rows = test::lines(test::pidcap({"processes", "--json", file}).out);
        INFO(file);
        REQUIRE(rows.size() == 2);  // of one pid and start
        CHECK(contains(rows[0], R"("host":"web")"));
        CHECK(contains(rows[1], R"("host":"db")"));
        CHECK(contains(test::pidcap({"processes", file}).out, "db:curl[812]"));
        CHECK(contains(test::pidcap({"read", "--tree", file}).out, "curl[812] host=db"));
    }
}

TEST_CASE("extract of a process writes its packets, and introduces who else is in them") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("out.pcapng");
    Capture capture(in);
    capture.packet(kNginx, true);
    capture.packet(kCurl, true);
    capture.packet(kNginx, false);
    capture.packet(kCurl, false);
    capture.close();
    const auto all = test::tshark_lines(in, kFields);
    test::pidcap_done({"extract", in, "--pid", "812", "-w", out});
    CHECK(test::tshark_lines(out, kFields) == std::vector<std::string>{all[1], all[3]});
    CHECK(darwin_pids(out) == std::vector<uint32_t>{812, 812});

    SECTION("also where the packet that introduced it was left behind") {
        const std::string late = folder.file("late.pcapng");
        test::pidcap_done({"extract", in, "--pid", "812", "--after", "+0.0025", "-w", late});
        const auto comments = test::comments(late);
        REQUIRE(comments.size() == 1);
        CHECK(comments[0] ==
              test::comments(in)[3] + " ppid=1 pcomm=init user=u cmdline=curl%20--now");
    }
    SECTION("and an empty file is one that tcpdump reads") {
        const std::string none = folder.file("none.pcapng");
        test::pidcap_done({"extract", in, "--pid", "5", "-w", none});
        CHECK(test::output_of({"tcpdump", "-r", none}).empty());
        CHECK(test::tshark_lines(none, kFields).empty());
    }
}

TEST_CASE("process blocks, journal entries and statistics go with their packets") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("out.pcapng");
    Capture capture(in);
    capture.packet(kNginx, true);
    const auto tell = [&](const Capture::Who& who) {
        need(capture.writer.process_information(
            {.pid = who.pid, .name = who.comm, .start_ns = who.start_ns}));
        const std::string pid = std::to_string(who.pid);
        const std::string message = "exec " + who.comm;
        const std::vector<pcapng::JournalField> kept = {{"MESSAGE", message}, {"_PID", pid}};
        need(capture.writer.journal_entry(capture.time_ns, kept));
    };
    tell(kNginx);
    tell(kCurl);  // before its first packet
    capture.packet(kCurl, true);
    need(capture.writer.statistics({.time_ns = test::kStart,
                                    .received = 10,
                                    .dropped = 1,
                                    .filter_accepted = 3,
                                    .os_dropped = 2,
                                    .delivered = 2}));
    capture.close();
    test::pidcap_done({"extract", in, "--pid", "812", "-w", out});
    const auto told = blocks_of<pcapng::ProcessInformationRead>(out);
    REQUIRE(told.size() == 1);
    CHECK(told[0].pid == 812);
    CHECK(test::tshark_lines(out, {"systemd_journal.pid"}) ==
          std::vector<std::string>{"", "", "812"});
    const auto statistics = blocks_of<pcapng::StatisticsRead>(out);
    REQUIRE(statistics.size() == 1);
    CHECK(statistics[0].received == 10u);
    CHECK(statistics[0].dropped == 1u);
    CHECK(statistics[0].os_dropped == 2u);
    CHECK(!statistics[0].filter_accepted);
    CHECK(!statistics[0].delivered);

    const std::string whole = folder.file("whole.pcapng");
    test::pidcap_done({"extract", in, "-w", whole});
    CHECK(blocks_of<pcapng::StatisticsRead>(whole)[0].delivered == 2u);
    CHECK(blocks_of<pcapng::ProcessInformationRead>(whole).size() == 2);
}

TEST_CASE("of processes with one pid each has its own journal entries, however many there are") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("out.pcapng");
    Capture capture(in);
    const uint64_t second = 1000000000;
    const auto entry = [&](uint64_t start_ns, uint64_t time_ns, const std::string& message,
                           bool tells_start) {
        const std::string start = std::to_string(start_ns);
        std::vector<pcapng::JournalField> fields = {{"MESSAGE", message}, {"_PID", "7"}};
        if (tells_start) {
            fields.push_back({"_PIDCAP_START", start});
        }
        need(capture.writer.journal_entry(time_ns, fields));
    };
    for (const char name : {'a', 'b', 'c'}) {
        const uint64_t start = test::kStart + 10 * second * static_cast<uint64_t>(name - 'a');
        const std::string comm(1, name);
        entry(start, start, "exec " + comm, true);
        entry(start, start + second, "syslog of " + comm, false);
        capture.time_ns = start + 2 * second;
        capture.plain(test::datagram(1, 1, 2),
                      fmt::format("pid=7 comm={} st={} via=socket", comm, start));
        entry(start, start + 3 * second, "exit " + comm, true);
    }
    capture.close();
    test::pidcap_done({"extract", in, "--comm", "b", "-w", out});
    REQUIRE(blocks_of<pcapng::JournalRead>(out).size() == 3);
    CHECK(test::tshark_lines(out, {"frame.number"}).size() == 4);
    const std::string all =
        test::output_of({"tshark", "-r", out, "-T", "fields", "-e", "systemd_journal.message"});
    CHECK(contains(all, "exec b"));
    CHECK(contains(all, "syslog of b"));
    CHECK(contains(all, "exit b"));

    const std::string many = folder.file("many.pcapng");
    Capture large(many);
    large.plain(test::datagram(1, 1, 2),
                fmt::format("pid=7 comm=x st={} via=socket", test::kStart));
    for (uint64_t i = 0; i < 20000; i++) {
        const std::string start = std::to_string(test::kStart + i);
        const std::vector<pcapng::JournalField> fields = {
            {"MESSAGE", "exec x"}, {"_PID", "7"}, {"_PIDCAP_START", start}};
        need(large.writer.journal_entry(test::kStart, fields));
    }
    large.close();
    const auto began = std::chrono::steady_clock::now();
    test::pidcap_done({"extract", many, "--pid", "7", "-w", out});
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(20));  // was a minute
    CHECK(blocks_of<pcapng::JournalRead>(out).size() == 1);
}

TEST_CASE("the input is never overwritten") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    Capture capture(in);
    capture.packet(kCurl, true);
    capture.close();
    const std::string before = test::content_of(in);
    const std::string link = folder.file("link.pcapng");
    REQUIRE(::link(in.c_str(), link.c_str()) == 0);
    for (const std::string& out : {in, link, folder.path() + "/./in.pcapng"}) {
        const auto result = test::pidcap({"extract", in, "-w", out});
        CHECK(result.status == 1);
        CHECK(contains(result.err, "this is the input file"));
        CHECK(test::content_of(in) == before);
    }
}

TEST_CASE("what was readable of a cut file is extracted, and the byte is named") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("out.pcapng");
    Capture capture(in);
    capture.packet(kCurl, true);
    capture.packet(kCurl, false);
    capture.close();
    auto bytes = test::read_file(in);
    bytes.resize(bytes.size() - 10);
    test::write_file(in, bytes);
    const auto result = test::pidcap({"extract", in, "-w", out});
    CHECK(result.status == 1);
    INFO(result.err);
    CHECK(contains(result.err, "in.pcapng"));
    CHECK(test::tshark_lines(out, kFields).size() == 1);

    test::write_file(in, {});
    const std::string none = folder.file("none.pcapng");
    CHECK(test::pidcap({"extract", in, "-w", none}).status == 1);
    CHECK(!std::filesystem::exists(none));
}

TEST_CASE("a hostile process chooses no name of a file") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("split");
    Capture capture(in);
    const std::vector<std::string> hostile = {"../../etc", "/bin/sh",   "a b",  "\x1b[2J", ".",
                                              "-rf",       "caf\u00e9", "curl", "\n"};
    uint32_t pid = 100;
    for (const std::string& comm : hostile) {
        capture.packet({.pid = pid++, .comm = comm}, true);
    }
    // The pid comes back, under the same name.
    capture.packet({.pid = 107, .comm = "curl", .start_ns = test::kStart - 5}, true);
    capture.plain(test::datagram(1, 1, 2), "via=kernel");
    capture.close();
    test::pidcap_done({"extract", in, "--split", "process", "-w", out});
    const auto names = names_in(out);
    CHECK(names.size() == hostile.size() + 2);
    for (const std::string& name : names) {
        INFO(name);
        CHECK(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789._-") == std::string::npos);
        CHECK(test::comments(out + "/" + name).size() == 1);
    }
    CHECK(std::count(names.begin(), names.end(), "107-curl.pcapng") == 1);
    CHECK(std::count(names.begin(), names.end(),
                     "107-curl-" + std::to_string(test::kStart - 5) + ".pcapng") == 1);
    CHECK(std::count(names.begin(), names.end(), "unattributed.pcapng") == 1);

    const auto again = test::pidcap({"extract", in, "--split", "process", "-w", out});
    CHECK(again.status == 1);
    CHECK(contains(again.err, "isn't empty"));
}

TEST_CASE("more processes than files can be open are split, each packet into one file") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("split");
    Capture capture(in);
    constexpr uint32_t kProcesses = 1500;
    for (const bool first : {true, false}) {
        for (uint32_t pid = 1; pid <= kProcesses; pid++) {
            capture.packet({.pid = pid, .comm = "p"}, first);
        }
    }
    capture.close();
    test::pidcap_done({"extract", in, "--split", "process", "-w", out});
    const auto names = names_in(out);
    REQUIRE(names.size() == kProcesses);
    for (const std::string& name : {names.front(), names[700], names.back()}) {
        const auto comments = test::comments(out + "/" + name);
        REQUIRE(comments.size() == 2);
        CHECK(contains(comments[0], "cmdline="));
        CHECK(comments[0].substr(0, comments[0].find(' ')) ==
              "pid=" + name.substr(0, name.find('-')));
    }
}

TEST_CASE("a split names its files by what the file tells behind the packets") {
    const test::TemporaryFolder folder;
    const std::string in = test::sample("pib-behind-packet.pcapng");
    test::pidcap_done({"extract", in, "--split", "process", "-w", folder.file("process")});
    CHECK(names_in(folder.file("process")) == std::vector<std::string>{"100-curl.pcapng"});
    test::pidcap_done({"extract", in, "--split", "user", "-w", folder.file("user")});
    CHECK(names_in(folder.file("user")) == std::vector<std::string>{"user-user.pcapng"});
}

TEST_CASE("what would need more files than allowed goes into one") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("split");
    Capture capture(in);
    for (uint32_t pid = 1; pid <= 9; pid++) {
        capture.packet({.pid = pid, .comm = "p"}, true);
    }
    capture.plain(test::datagram(1, 1, 2), "pid=7 peer.pid=8");  // both among the others
    capture.plain(test::datagram(1, 1, 2));
    capture.close();
    const auto split =
        test::pidcap({"extract", in, "--split", "process", "--max-files", "3", "-w", out});
    CHECK(split.status == 0);
    CHECK(contains(split.err, "more than 3 files is in others.pcapng"));
    CHECK(names_in(out) == std::vector<std::string>{"1-p.pcapng", "2-p.pcapng", "3-p.pcapng",
                                                    "others.pcapng", "unattributed.pcapng"});
    CHECK(test::comments(out + "/others.pcapng").size() == 7);
    CHECK(test::pidcap({"extract", in, "--max-files", "3", "-w", out}).status == 2);
}

TEST_CASE("a split by user puts a packet of two users into both files") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("split");
    Capture capture(in);
    capture.plain(test::datagram(1, 1, 2),
                  "pid=1 comm=a uid=5 st=7 via=socket peer.pid=2 peer.comm=b peer.uid=6 peer.st=8 "
                  "peer.via=lookup user=eve");
    capture.plain(test::datagram(1, 1, 2), "pid=1 comm=a uid=5 st=7 via=socket");
    capture.close();
    test::pidcap_done({"extract", in, "--split", "user", "-w", out});
    CHECK(names_in(out) == std::vector<std::string>{"user-6.pcapng", "user-eve.pcapng"});
    CHECK(test::comments(out + "/user-eve.pcapng") == test::comments(in));
    CHECK(test::comments(out + "/user-6.pcapng").size() == 1);
}
