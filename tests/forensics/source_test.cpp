// SPDX-License-Identifier: GPL-2.0-only
//
// Attribution: whose a packet is said to be, whoever has written the file.
#include "forensics/source/source.h"

#include "packet/link_type.h"
#include "tests/forensics/source_fixture.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

using forensics::At;
using forensics::Source;
using pcapng::Direction;
using test::Bytes;
using test::drain;
using test::Drained;
using test::Seen;
using namespace std::string_literals;

namespace {

// A file of small packets, one a millisecond.
class File {
  public:
    explicit File(const std::string& interface = "eth0", uint16_t link_type = 1,
                  const std::vector<std::string>& comments = {})
        : writer(test::open_writer(path, {.comments = comments})) {
        (void)test::need(writer.add_interface({.link_type = link_type, .name = interface}));
    }
    void packet(std::string_view comment, Direction direction = Direction::kOutbound,
                std::optional<pcapng::ProcessThread> process = {},
                std::optional<uint32_t> darwin = {}) {
        const Bytes frame = test::udp_frame();
        test::need(writer.packet({.time_ns = time_ns += 1'000'000,
                                  .data = frame,
                                  .wire_length = 58,
                                  .direction = direction,
                                  .process = process,
                                  .darwin_index = darwin,
                                  .comment = comment}));
    }
    void journal(std::vector<pcapng::JournalField> fields) {
        test::need(writer.journal_entry(time_ns += 1'000'000, fields));
    }
    Bytes bytes() {
        test::need(writer.close());
        return test::read_file(path);
    }
    Drained drained() { return drain(bytes()); }

    test::TemporaryFolder folder;
    std::string path = folder.file("f");
    pcapng::Writer writer;
    uint64_t time_ns = 1'000'000'000;
};

Bytes joined(const Bytes& first, const Bytes& second) {
    Bytes all = first;
    all.insert(all.end(), second.begin(), second.end());
    return all;
}

std::vector<std::string> whose(const Drained& drained) {
    REQUIRE(drained.error.empty());
    std::vector<std::string> all;
    for (const Seen& packet : drained.packets) {
        all.push_back(packet.self.who());
    }
    return all;
}
using Whose = std::vector<std::string>;

// An option more behind a file's last packet block, before its end-of-options.
Bytes with_option(Bytes file, uint64_t block, uint16_t code, std::string_view value) {
    const size_t old_length = file[block + 4] + size_t{256} * file[block + 5];
    std::string option;
    for (const size_t number : {size_t{code}, value.size()}) {
        option += static_cast<char>(number & 0xFF);
        option += static_cast<char>(number >> 8);
    }
    option += value;
    option.append((4 - option.size() % 4) % 4, '\0');
    const size_t length = old_length + option.size();
    for (const size_t at : {block + 4, block + old_length - 4}) {
        file[at] = static_cast<uint8_t>(length);
        file[at + 1] = static_cast<uint8_t>(length >> 8);
    }
    file.insert(file.begin() + static_cast<long>(block + old_length - 8), option.begin(),
                option.end());
    return file;
}

}  // namespace

TEST_CASE("pidcap's comment names both ends, with all that it tells of them") {
    File file;
    file.packet(
        "pid=812 tid=813 comm=my%20curl exe=/usr/bin/curl uid=1000 st=500 via=socket "
        "peer.pid=77 peer.comm=nginx peer.uid=33 peer.st=400 peer.via=lookup ppid=1 pcomm=sh "
        "user=alice cmdline=curl%20-v cgroup=/x ctr=abc ctrname=web ctrimage=i pod=p podns=n "
        "unit=u.service netns=4026531840 nspid=5 "
        "peer.ppid=2 unknown=key");
    const Drained drained = file.drained();
    REQUIRE(drained.packets.size() == 1);
    const Seen& packet = drained.packets[0];
    CHECK(packet.self.who() == "812@500");
    CHECK(packet.self.tid == 813);
    CHECK(packet.self.uid == 1000);
    CHECK(packet.self.via == forensics::Via::kSocket);
    CHECK(packet.self_at == At::kSender);
    CHECK(packet.peer.who() == "77@400");
    CHECK(packet.peer.uid == 33);
    CHECK(packet.peer.via == forensics::Via::kLookup);
    REQUIRE(drained.processes.size() == 2);
    const forensics::Process& curl = drained.processes[0];
    CHECK(curl.number == 0);
    CHECK(curl.comm == "my curl");
    CHECK(curl.exe == "/usr/bin/curl");
    CHECK(curl.uid == 1000);
    CHECK(curl.ppid == 1);
    CHECK(curl.parent_comm == "sh");
    CHECK(curl.user == "alice");
    CHECK(curl.cmdline == "curl -v");
    CHECK(curl.cgroup == "/x");
    CHECK(curl.container == "abc");
    CHECK(curl.container_name == "web");
    CHECK(curl.container_image == "i");
    CHECK(curl.pod_name == "p");
    CHECK(curl.pod_namespace == "n");
    CHECK(curl.unit == "u.service");
    CHECK(curl.netns == 4026531840);
    CHECK(curl.nspid == 5);
    CHECK_FALSE(curl.end_ns.has_value());
    CHECK(drained.processes[1].ppid == 2);
    CHECK(drained.processes[1].exe.empty());
}

TEST_CASE("without a process the comment says why, and no other carrier is asked") {
    File file;
    file.packet("via=kernel", Direction::kOutbound, pcapng::ProcessThread{5, 6});
    file.packet("via=unknown peer.pid=7 peer.st=1 peer.via=lookup");
    const Drained drained = file.drained();
    CHECK(whose(drained) == Whose{"", ""});
    CHECK(drained.packets[0].self.via == forensics::Via::kKernel);
    CHECK(drained.packets[1].self.via == forensics::Via::kUnknown);
    CHECK(drained.packets[1].peer.who() == "7@1");
    CHECK(drained.processes.size() == 1);
}

TEST_CASE("where the comment's process is: as at= says, else as the direction does") {
    const auto at = [](const std::string& interface, std::string_view comment,
                       Direction direction) {
        File file(interface);
        file.packet(comment, direction);
        return file.drained().packets.at(0).self_at;
    };
    CHECK(at("eth0", "pid=1 st=1", Direction::kOutbound) == At::kSender);
    CHECK(at("lo", "pid=1 st=1", Direction::kInbound) == At::kReceiver);
    CHECK(at("eth0", "pid=1 st=1", Direction::kUnknown) == At::kUnknown);
    CHECK(at("lo", "pid=1 st=1 at=receiver", Direction::kOutbound) == At::kReceiver);
    CHECK(at("eth0", "pid=1 st=1 at=sender", Direction::kInbound) == At::kSender);
    CHECK(at("eth0", "pid=1 st=1 at=middle", Direction::kInbound) == At::kUnknown);
}

TEST_CASE("a cooked header's direction says where another tool's process is, but on loopback") {
    for (const bool loopback : {false, true}) {
        File file("any", packet::kLinkTypeLinuxSll);
        Bytes frame(16);
        frame[1] = 4;  // PACKET_OUTGOING
        frame[2] = loopback ? 3 : 0;
        frame[3] = loopback ? 4 : 1;
        const auto packet = [&](std::optional<pcapng::ProcessThread> process,
                                std::string_view comment) {
            test::need(file.writer.packet(
                {.data = frame, .wire_length = 16, .process = process, .comment = comment}));
        };
        packet(pcapng::ProcessThread{.pid = 7}, {});
        packet({}, "pid=8");
        packet({}, "pid=9 at=sender");
        const Drained drained = file.drained();
        CHECK(whose(drained) == Whose{"7@-", "8@-", "9@-"});
        CHECK(drained.packets[0].direction == Direction::kOutbound);
        CHECK(drained.packets[0].self_at == (loopback ? At::kUnknown : At::kSender));
        // pidcap's comment goes by the packet's flags, as its other readers do.
        CHECK(drained.packets[1].self_at == At::kUnknown);
        CHECK(drained.packets[2].self_at == At::kSender);
    }
}

TEST_CASE("two starts or two hosts are never one process, one of each is one in every section") {
    File file;
    file.packet("pid=7 comm=a st=100");
    file.packet("pid=7 comm=a st=200");
    file.packet("pid=7 comm=a st=100 host=web");
    file.packet("pid=7 comm=a");
    file.packet("pid=7 comm=b st=100");
    const Bytes bytes = file.bytes();
    const Drained one = drain(bytes);
    CHECK(whose(one) == Whose{"7@100", "7@200", "7@100", "7@-", "7@100"});
    REQUIRE(one.processes.size() == 4);
    CHECK(one.processes[2].host == "web");
    CHECK(one.processes[0].comm == "b");
    const Drained two = drain(joined(bytes, bytes));
    CHECK(two.packets.size() == 10);
    CHECK(two.processes.size() == 5);  // without a start it is another in each section
}

TEST_CASE("the latest name and user count, also where an earlier comment comes again") {
    File file;
    file.packet("pid=7 comm=sh uid=0 st=1");
    file.packet("pid=7 comm=curl uid=1000 st=1");
    file.packet("pid=7 comm=sh uid=0 st=1");
    file.packet("pid=7 comm=sh uid=0 st=1");
    const Drained drained = file.drained();
    std::vector<std::string> names;
    for (const Seen& packet : drained.packets) {
        names.push_back(packet.self.process->comm + std::to_string(*packet.self.uid) +
                        std::to_string(*packet.self.process->uid));
    }
    CHECK(names == Whose{"sh00", "curl10001000", "sh00", "sh00"});
}

TEST_CASE(
    "among several comments pidcap's is found, and what a person writes is not taken for it") {
    File file;
    file.packet("look at this one, pid=1");
    file.packet("pid=9 is suspicious", Direction::kOutbound, pcapng::ProcessThread{5, 6});
    const Bytes bytes = file.bytes();
    const uint64_t offset = drain(bytes).packets[0].offset;
    CHECK(whose(drain(bytes)) == Whose{"", "5@-"});
    const Bytes both = with_option(bytes, offset, 1, "pid=7 st=8");
    CHECK(whose(drain(both)) == Whose{"7@8", "5@-"});
    CHECK(whose(drain(with_option(both, offset, 1, "pid=9 st=9"))) == Whose{"7@8", "5@-"});
}

TEST_CASE("a comment outweighs option 8 and the Darwin index") {
    File file;
    const uint32_t darwin = test::need(file.writer.darwin_process(6, "six"));
    file.packet("pid=7 st=1", Direction::kOutbound, pcapng::ProcessThread{5, 5}, darwin);
    file.packet("", Direction::kOutbound, pcapng::ProcessThread{5, 5}, darwin);
    const Drained drained = file.drained();
    // An index that contradicts option 8 is of no use.
    CHECK(whose(drained) == Whose{"7@1", "5@-"});
    CHECK(drained.processes[1].comm.empty());
}

TEST_CASE("a packet that lost its comment is still its process's by the Darwin index") {
    File file;
    const uint32_t first = test::need(file.writer.darwin_process(7, "a"));
    file.packet("pid=7 comm=a st=100", Direction::kOutbound, pcapng::ProcessThread{7, 7}, first);
    const uint32_t second = test::need(file.writer.darwin_process(7, "b"));
    file.packet("pid=7 comm=b st=200", Direction::kInbound, pcapng::ProcessThread{7, 7}, second);
    file.packet("", Direction::kOutbound, pcapng::ProcessThread{7, 9}, first);
    file.packet("", Direction::kInbound, {}, second);
    const Drained drained = file.drained();
    CHECK(whose(drained) == Whose{"7@100", "7@200", "7@100", "7@200"});
    CHECK(drained.packets[2].self.tid == 9);
    CHECK(drained.packets[3].self_at == At::kReceiver);
}

TEST_CASE(
    "Apple's process blocks name processes, an index to nowhere or of the wrong length none") {
    const Drained drained = drain(test::sample("darwin.pcapng"));
    CHECK(whose(drained) == Whose{"501@-", "1@-", "", "777@-"});
    CHECK(drained.packets[0].self.process->comm == "curl");
    CHECK(drained.packets[3].self.process->comm == "late");
    CHECK(whose(drain(test::sample("darwin-bad-index.pcapng"))) == Whose{"501@-", ""});
    CHECK(whose(drain(test::sample("darwin-bad-length.pcapng"))) == Whose{""});
    CHECK(drain(test::sample("darwin-bad-length.pcapng")).processes.empty());
}

TEST_CASE("files joined byte by byte have Darwin indexes of another section, which name nobody") {
    const auto part = [](uint32_t pid) {
        File file;
        const uint32_t index = test::need(file.writer.darwin_process(pid, "x"));
        file.packet("", Direction::kOutbound, pcapng::ProcessThread{pid, pid}, index);
        return file.bytes();
    };
    const Drained drained = drain(joined(part(5), part(6)));
    CHECK(whose(drained) == Whose{"5@-", "6@-"});
    const Drained same = drain(joined(part(5), part(5)));
    CHECK(whose(same) == Whose{"5@-", "5@-"});
    CHECK(same.processes.size() == 2);
}

TEST_CASE("option 8 means whom the process information of its pid told of last") {
    const Drained drained = drain(test::sample("pib.pcapng"));
    CHECK(whose(drained) == Whose{"1234@1763650000000000000", "1234@1763650000000000000"});
    REQUIRE(drained.processes.size() == 1);
    CHECK(drained.processes[0].comm == "curl");
    CHECK(drained.processes[0].exe == "/usr/bin/curl");
    CHECK(drained.processes[0].cmdline == "curl -v http://x/");
    CHECK(drained.processes[0].user == "alice");
    CHECK(drained.packets[0].self.tid == 1235);
    CHECK(drained.packets[0].self.uid == 1000);

    File file;
    const pcapng::ProcessThread seven{7, 7};
    const auto tell = [&file](uint64_t start_ns) {
        test::need(file.writer.process_information({.pid = 7, .name = "x", .start_ns = start_ns}));
    };
    file.packet("", Direction::kOutbound, seven);  // its block follows
    tell(100);
    file.packet("", Direction::kOutbound, seven);
    tell(200);
    file.packet("", Direction::kOutbound, seven);
    const Drained told = file.drained();
    CHECK(whose(told) == Whose{"7@-", "7@100", "7@200"});
    CHECK(told.processes.size() == 2);

    // A process that starts after a packet has not sent it.
    File late;
    late.packet("", Direction::kOutbound, seven);
    test::need(
        late.writer.process_information({.pid = 7, .name = "x", .start_ns = late.time_ns + 1}));
    late.packet("", Direction::kOutbound, seven);
    CHECK(late.drained().processes.size() == 2);
}

TEST_CASE("journal entries tell of processes by pid and start, and of their end") {
    File file;
    file.packet("pid=7 st=100 comm=a");
    file.packet("pid=7 st=200 comm=a");
    file.journal({{"MESSAGE", "exec b [7] b -x"},
                  {"_PID", "7"},
                  {"_PIDCAP_START", "200"},
                  {"_COMM", "b"},
                  {"_EXE", "/b"},
                  {"_CMDLINE", "b -x"},
                  {"_UID", "33"},
                  {"_SYSTEMD_UNIT", "b.service"}});
    file.journal({{"MESSAGE", "exit b [7] b -x"}, {"_PID", "7"}, {"_PIDCAP_START", "200"}});
    const uint64_t end_ns = file.time_ns;
    file.journal({{"MESSAGE", "exit a [7] a"}, {"_PID", "7"}});  // whose?
    file.journal({{"MESSAGE", "exit now"}, {"_PID", "8"}});      // another program's
    const Drained drained = file.drained();
    REQUIRE(drained.processes.size() == 2);
    CHECK_FALSE(drained.processes[0].end_ns.has_value());
    CHECK(drained.processes[1].end_ns == end_ns);
    CHECK(drained.processes[1].comm == "b");
    CHECK(drained.processes[1].exe == "/b");
    CHECK(drained.processes[1].cmdline == "b -x");
    CHECK(drained.processes[1].uid == 33);
    CHECK(drained.processes[1].unit == "b.service");
    CHECK(drain(test::sample("journal.pcapng")).processes.empty());
}

// Of files that are read one after the other; each packet is of pid 7, with these starts.
Whose whose_of_seven(const std::vector<std::vector<uint64_t>>& files) {
    const test::TemporaryFolder folder;
    std::vector<std::string> paths;
    for (const std::vector<uint64_t>& starts : files) {
        File file;
        for (const uint64_t start : starts) {
            file.packet("pid=7 st=" + std::to_string(start));
        }
        paths.push_back(folder.file(std::to_string(paths.size())));
        test::write_file(paths.back(), file.bytes());
    }
    return whose(drain(Source::open(paths)));
}

TEST_CASE("a process that two captures have is one, as near as both tell its start") {
    constexpr uint64_t kBegan = 1763650000012345678;
    const std::string began = "7@1763650000012345678";
    constexpr uint64_t kCut = 1763650000010000005;  // to a tick, by another reading of the clocks
    for (const uint64_t start : {kCut, kBegan - 5, kBegan, kBegan + 5}) {
        INFO(start);
        CHECK(whose_of_seven({{kBegan}, {start, start}}) == Whose{began, began, began});
        CHECK(whose_of_seven({{kBegan}, {}, {start}, {kBegan}}) == Whose{began, began, began});
    }
    // Those that one file tells apart are two, and another file's is the nearest.
    const std::string next = "7@1763650000013345678";
    constexpr uint64_t kNext = kBegan + 1'000'000;
    CHECK(whose_of_seven({{kBegan, kNext}}) == Whose{began, next});
    CHECK(whose_of_seven({{kBegan}, {kBegan + 5, kNext, kBegan + 5}}) ==
          Whose{began, began, next, began});
    CHECK(whose_of_seven({{kBegan, kNext}, {kNext - 5}}) == Whose{began, next, next});
    CHECK(whose_of_seven({{kBegan, kNext}, {kBegan - 5}}) == Whose{began, next, began});
    // Starts that are the same text in each file.
    CHECK(whose_of_seven({{kBegan}, {kBegan + 5}, {kBegan + 5, kNext}}) ==
          Whose{began, began, began, next});
    // A pid that comes back later.
    CHECK(whose_of_seven({{kBegan}, {kBegan + 12'000'000}}) ==
          Whose{began, "7@1763650000024345678"});
    // A process of another host isn't near.
    File web, db;
    web.packet("pid=7 st=100 host=web");
    db.packet("pid=7 st=100 host=db");
    const test::TemporaryFolder folder;
    const std::vector<std::string> paths = {folder.file("web"), folder.file("db")};
    test::write_file(paths[0], web.bytes());
    test::write_file(paths[1], db.bytes());
    CHECK(drain(Source::open(paths)).processes.size() == 2);
}

TEST_CASE("process information and the journal of a second capture tell of the first's process") {
    const test::TemporaryFolder folder;
    const std::vector<std::string> paths = {folder.file("a"), folder.file("b")};
    File first, second;
    first.packet("pid=7 st=1000 comm=x");
    test::need(second.writer.process_information(
        {.pid = 7, .name = "x", .path = "/usr/bin/x", .start_ns = 1005}));
    second.packet("pid=7 st=1005");
    second.journal({{"MESSAGE", "exit x [7] x"}, {"_PID", "7"}, {"_PIDCAP_START", "1005"}});
    const uint64_t end_ns = second.time_ns;
    test::write_file(paths[0], first.bytes());
    test::write_file(paths[1], second.bytes());
    const Drained drained = drain(Source::open(paths));
    CHECK(whose(drained) == Whose{"7@1000", "7@1000"});
    REQUIRE(drained.processes.size() == 1);
    CHECK(drained.processes[0].exe == "/usr/bin/x");
    CHECK(drained.processes[0].end_ns == end_ns);
}

TEST_CASE("a pid that has ended is another process afterwards") {
    File file;
    const pcapng::ProcessThread seven{7, 7};
    test::need(file.writer.process_information({.pid = 7, .name = "x", .start_ns = 100}));
    file.packet("", Direction::kOutbound, seven);
    file.journal({{"MESSAGE", "exit x [7] x"}, {"_PID", "7"}, {"_PIDCAP_START", "100"}});
    file.packet("", Direction::kOutbound, seven);
    CHECK(whose(file.drained()) == Whose{"7@100", "7@-"});
}

TEST_CASE("ptcpdump's comments tell the process, as tshark shows them") {
    const std::string path = test::sample("ptcpdump-0.37.pcapng");
    const Drained drained = drain(path);
    const std::vector<std::string> comments =
        test::lines(test::output_of({"tshark", "-r", path, "-T", "fields", "-e", "frame.comment"}));
    REQUIRE(comments.size() == drained.packets.size());
    size_t named = 0;
    for (size_t i = 0; i < comments.size(); ++i) {
        const Seen& packet = drained.packets[i];
        INFO(i + 1 << ": " << comments[i]);
        if (comments[i].empty()) {
            CHECK(packet.self.who().empty());
            continue;
        }
        ++named;
        REQUIRE(packet.self.process.has_value());
        const forensics::Process& process = *packet.self.process;
        // tshark shows the lines with "\n" in between, and commas between comments.
        CHECK(comments[i] == "PID: " + std::to_string(process.pid) + "\\nCmd: " + process.exe +
                                 "\\nArgs: " + process.cmdline +
                                 ",UserId: " + std::to_string(*packet.self.uid) +
                                 ",ParentPID: " + std::to_string(*process.ppid) +
                                 comments[i].substr(comments[i].find("\\nParentCmd: ")));
        CHECK(process.comm == process.exe.substr(process.exe.rfind('/') + 1));
        CHECK(process.parent_comm == "python3.13");
        const bool loopback = packet.interface.name == "lo";
        CHECK(packet.self_at == (loopback                                   ? At::kUnknown
                                 : packet.direction == Direction::kOutbound ? At::kSender
                                                                            : At::kReceiver));
        CHECK(packet.self.via == forensics::Via::kUnrecorded);
    }
    CHECK(named == 16);
    CHECK(drained.processes.size() == 3);
}

TEST_CASE("ptcpdump's comments tell the container and the pod") {
    const Drained drained = drain(test::sample("ptcpdump-pod.pcapng"));
    REQUIRE(drained.processes.size() == 1);
    const forensics::Process& process = drained.processes[0];
    CHECK(process.container.starts_with("0123456789ab"));
    CHECK(process.container_name == "web");
    CHECK(process.container_image == "x");
    CHECK(process.pod_name == "shop-x2x7p");
    CHECK(process.pod_namespace == "store");
}

TEST_CASE("an argument of several lines is no line of ptcpdump's") {
    File file;
    file.packet("PID: 7\nCmd: /bin/sh\nArgs: sh -c x\nUserId: 0\nContainerId: y");
    const Drained drained = file.drained();
    REQUIRE(drained.processes.size() == 1);
    CHECK(drained.processes[0].cmdline == "sh -c x\nUserId: 0\nContainerId: y");
    CHECK_FALSE(drained.processes[0].uid.has_value());
    CHECK(drained.processes[0].container.empty());
}

TEST_CASE("RustNet's comments tell the process, with the fields that they have") {
    File file;
    file.packet(
        "rustnet process=my_curl pid=7 ppid=5 uid=1000 attr=procfs-relaxed "
        "container_id=abc direction=incoming app=HTTPS_(example.org) sni=example.org");
    file.packet("rustnet pid=8 direction=outgoing");
    file.packet("rustnet process=dig direction=outgoing app=DNS", Direction::kInbound,
                pcapng::ProcessThread{9, 9});
    file.packet("rustnetting pid=8");
    file.packet("rustnet pid=x uid");
    const Drained drained = file.drained();
    // A name alone is no process; then what else the packet has counts.
    CHECK(whose(drained) == Whose{"7@-", "8@-", "9@-", "", ""});
    const forensics::Process& curl = drained.processes[0];
    CHECK(curl.comm == "my_curl");
    CHECK(curl.ppid == 5);
    CHECK(curl.uid == 1000);
    CHECK(curl.container == "abc");
    CHECK_FALSE(drained.processes[1].uid.has_value());
    // Where the packet goes its flags say, not the key direction.
    CHECK(drained.packets[0].self_at == At::kSender);
    CHECK(drained.packets[0].self.via == forensics::Via::kUnrecorded);
}

TEST_CASE("NULs at the end of Apple's texts belong to no name") {
    const Drained drained = drain(test::sample("darwin-trailing-nul.pcapng"));
    REQUIRE(drained.processes.size() == 1);
    CHECK(drained.processes[0].comm == "curl");
    REQUIRE(drained.interfaces.size() == 1);
    CHECK(drained.interfaces[0].name == "en0");
    File file;
    file.packet("pid=7 comm=x\0\0"s);
    CHECK(whose(file.drained()) == Whose{"7@-"});
}

TEST_CASE("more comments than are kept are read as well") {
    File file;
    for (uint64_t i = 1; i <= 40'000; ++i) {
        file.packet("pid=7 comm=a st=" + std::to_string(i % 20'000 + 1));
    }
    const Drained drained = file.drained();
    REQUIRE(drained.packets.size() == 40'000);
    CHECK(drained.processes.size() == 20'000);
    for (uint64_t i = 1; i <= 40'000; ++i) {
        REQUIRE(drained.packets[i - 1].self.process->start_ns == i % 20'000 + 1);
    }
}

TEST_CASE("blocks that are no packets pass by an observer as they stand, and packets with theirs") {
    class Collector : public Source::Observer {
      public:
        pcapng::Result<void> block(const forensics::OtherBlock& block) override {
            bytes.insert(bytes.end(), block.raw.begin(), block.raw.end());
            ++count;
            return {};
        }
        Bytes bytes;
        size_t count = 0;
    } collector;
    const Bytes file = test::read_file(test::sample("darwin.pcapng"));
    Source source = test::need(Source::from_memory(file, "f"));
    source.set_observer(&collector);
    size_t packets = 0;
    size_t packet_bytes = 0;
    while (const forensics::Packet* packet = test::need(source.next())) {
        ++packets;
        REQUIRE(source.block() != nullptr);
        CHECK(source.block()->data.data() == packet->data.data());
        packet_bytes += file[packet->offset + 4];
    }
    CHECK(source.block() == nullptr);
    CHECK(packets == 4);
    CHECK(collector.count == 5);
    CHECK(collector.bytes.size() + packet_bytes == file.size());
}

TEST_CASE("an observer's error ends the reading") {
    class Refuser : public Source::Observer {
      public:
        pcapng::Result<void> block(const forensics::OtherBlock&) override {
            return pcapng::Error{"no room"};
        }
    } refuser;
    Source source = test::need(Source::open(test::sample("darwin.pcapng")));
    source.set_observer(&refuser);
    CHECK(source.next().error().message == "no room");
    CHECK(source.next().error().message == "no room");
}

// The hosts of all processes of a file in which each carrier names one.
std::vector<std::string> hosts_of(const std::vector<std::string>& comments,
                                  const std::optional<std::string>& given = {}) {
    File file("eth0", 1, comments);
    file.packet("pid=1 st=10 via=socket peer.pid=2 peer.st=20 peer.via=lookup");
    file.packet("pid=3 st=30 via=socket host=merged");
    file.packet("PID: 4\nCmd: /bin/x");
    const uint32_t darwin = test::need(file.writer.darwin_process(5, "darwin"));
    file.packet("", Direction::kOutbound, {}, darwin);
    file.packet("", Direction::kOutbound, pcapng::ProcessThread{6, 6});
    test::need(file.writer.process_information({.pid = 7, .start_ns = 70}));
    file.journal({{"MESSAGE", "exec x"}, {"_PID", "8"}, {"_PIDCAP_START", "80"}});
    file.journal(
        {{"MESSAGE", "exec x"}, {"_PID", "9"}, {"_PIDCAP_START", "90"}, {"_HOSTNAME", "merged"}});
    const Bytes bytes = file.bytes();
    auto source = Source::from_memory(bytes, "f");
    REQUIRE(source.ok());
    if (given) {
        source->set_host(*given);
    }
    std::vector<std::string> hosts;
    for (const forensics::Process& process : drain(std::move(source)).processes) {
        hosts.push_back(process.host);
    }
    return hosts;
}

TEST_CASE("a process is of the host that its packet, else the header names, however it is told") {
    using Hosts = std::vector<std::string>;
    CHECK(hosts_of({}) == Hosts{"", "", "merged", "", "", "", "", "", "merged"});
    CHECK(hosts_of({"host=web"}) ==
          Hosts{"web", "web", "merged", "web", "web", "web", "web", "web", "merged"});
    CHECK(hosts_of({"host=web"}, "db") ==
          Hosts{"db", "db", "merged", "db", "db", "db", "db", "db", "merged"});
}

TEST_CASE("the same process of two hosts is two, and one of two files of a host is one") {
    const test::TemporaryFolder folder;
    const auto write = [&folder](const std::string& name, const std::vector<std::string>& said) {
        File file("eth0", 1, said);
        file.packet("pid=1 st=10 comm=x via=socket");
        test::write_file(folder.file(name), file.bytes());
        return folder.file(name);
    };
    const std::string web = write("web", {"host=web"});
    const std::string again = write("again", {"host=web"});
    const std::string db = write("db", {"host=db"});
    const std::string none = write("none", {});
    const auto read = [](const std::vector<std::string>& paths) {
        auto source = test::need(Source::open(paths));
        while (test::need(source.next()) != nullptr) {
        }
        return std::pair(source.processes().size(), source.host());
    };
    CHECK(read({web, again}) == std::pair<size_t, std::string>{1, "web"});
    CHECK(read({web, db}) == std::pair<size_t, std::string>{2, ""});
    CHECK(read({web, none}) == std::pair<size_t, std::string>{2, ""});
    CHECK(read({none}) == std::pair<size_t, std::string>{1, ""});
}
