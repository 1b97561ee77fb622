// SPDX-License-Identifier: GPL-2.0-only
//
// What a FileSink writes of hand-made packets and processes, as tshark and our reader see it.
#include "capture/file_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "capture/zstd_compressor.h"
#include "packet/host_comment.h"
#include "pcapng/reader.h"
#include "tests/pcapng/files.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tls_traffic.h"

using capture::Comments;
using capture::FileOptions;
using capture::FileSink;
using packet::At;
using packet::Direction;
using packet::End;
using packet::Packet;
using packet::Process;
using packet::ProcessEvent;
using packet::Via;
using test::need;

namespace {

constexpr uint64_t kTime = 1763650000123456789;
constexpr const char* kOrigin = "tier=locked tracing=syscalls";

Process make_process(uint32_t pid, const std::string& comm) {
    Process process;
    process.number = pid;
    process.pid = pid;
    process.start_ns = kTime - pid;
    process.ppid = 1;
    process.uid = 1000;
    process.comm = comm;
    process.parent_comm = "init";
    process.exe = "/bin/" + comm;
    process.cmdline = comm + std::string("\0-v\0", 4);
    process.user = "alice";
    process.version = 1;
    return process;
}

// A file in the making, and what readers make of it.
class File {
  public:
    explicit File(const FileOptions& options = {})
        : sink_(need(FileSink::create(need(pcapng::Output::open_file(path())), options, kOrigin))) {
        interface_.link_type = 1;
        interface_.snaplen = 262144;
        interface_.name = "eth0";
        need(sink_.interface(interface_));
    }

    void packet(const Process* self, const Process* peer = nullptr, uint32_t lost = 0) {
        Packet packet;
        if (lost != 0) {
            packet.drop_count = lost;
        }
        packet.self = end_of(self, 5, self != nullptr ? Via::kSocket : Via::kKernel);
        if (peer != nullptr) {
            packet.peer = end_of(peer, 6, Via::kLookup);
        }
        write_outbound(std::move(packet));
    }

    // Of a socket that was used last when the process was this user.
    void packet_as(const Process& process, uint32_t uid, const char* user) {
        Packet packet;
        packet.self = end_of(&process, 5, Via::kSocket);
        packet.self.uid = uid;
        packet.self.user = user;
        write_outbound(std::move(packet));
    }

    // Packets are 1 s apart.
    void write(Packet packet) {
        packet.time_ns = kTime + 1'000'000'000 * packets_++;
        packet.interface = &interface_;
        packet.wire_length = static_cast<uint32_t>(frame_.size());
        packet.data = frame_;
        need(sink_.packet(packet));
    }

    void event(ProcessEvent::Type type, const Process& process) {
        need(sink_.process({kTime, type, &process}));
    }

    void finish(const std::vector<packet::InterfaceCounters>& counters = {}) {
        need(sink_.finish(counters));
    }

    std::string section_comments() const { return test::output_of({"capinfos", "-k", path()}); }

    // A line a frame: where it goes, by the names that the file has, and when.
    std::vector<std::string> targets() const {
        return test::lines(test::output_of(
            {"tshark", "-r", path(), "-N", "n", "-o", "nameres.use_external_name_resolver:FALSE",
             "-T", "fields", "-e", "ip.dst_host", "-e", "frame.time_relative"}));
    }

    // One line a frame, the fields separated by '|'.
    std::vector<std::string> fields(const std::vector<std::string>& names) const {
        std::vector<std::string> command = {"tshark", "-n",     "-r", path(),
                                            "-T",     "fields", "-E", "separator=|"};
        for (const std::string& name : names) {
            command.insert(command.end(), {"-e", name});
        }
        return test::lines(test::output_of(command));
    }

    // Each packet as Expectation::line() has it, the name being that of its Darwin block.
    std::vector<std::string> lines() const {
        std::vector<std::string> names;
        std::vector<std::string> seen;
        visit([&](const auto& block) {
            using Kind = std::decay_t<decltype(block)>;
            if constexpr (std::is_same_v<Kind, pcapng::DarwinProcessRead>) {
                names.push_back(fmt::format("{} {}", block.pid, block.name));
            } else if constexpr (std::is_same_v<Kind, pcapng::PacketRead>) {
                std::string self = "none";
                if (block.process && block.darwin_index) {
                    const std::string& name = names.at(*block.darwin_index);
                    const size_t space = name.find(' ');
                    CHECK(name.substr(0, space) == std::to_string(block.process->pid));
                    self = fmt::format("{} {} {}", block.process->pid, block.process->tid,
                                       name.substr(space + 1));
                }
                CHECK(block.process.has_value() == block.darwin_index.has_value());
                CHECK(block.data.size() == frame_.size());
                seen.push_back(fmt::format(
                    "{}|{}|{}|{}", self,
                    block.direction == pcapng::Direction::kInbound ? "in" : "out",
                    block.drop_count ? std::to_string(*block.drop_count) : "", block.comment));
            }
        });
        return seen;
    }

    // The kinds of blocks in order: I(nterface), D(arwin), P(acket), p(rocess), J(ournal), N(ames),
    // S.
    std::string blocks() const {
        std::string kinds;
        visit([&kinds](const auto& block) { kinds += kind(block); });
        return kinds;
    }

    // "INDEX PID NAME" of each Darwin block, and "-> INDEX PID TID" of each packet.
    std::vector<std::string> darwin() const {
        std::vector<std::string> seen;
        visit([&seen](const auto& block) {
            using Kind = std::decay_t<decltype(block)>;
            if constexpr (std::is_same_v<Kind, pcapng::DarwinProcessRead>) {
                seen.push_back(fmt::format("{} {} {}", block.index, block.pid, block.name));
            } else if constexpr (std::is_same_v<Kind, pcapng::PacketRead>) {
                seen.push_back(block.darwin_index && block.process
                                   ? fmt::format("-> {} {} {}", *block.darwin_index,
                                                 block.process->pid, block.process->tid)
                                   : "-> none");
            }
        });
        return seen;
    }

    template <typename Visitor>
    void visit(Visitor visitor) const {
        pcapng::Reader reader = need(pcapng::Reader::open_file(path()));
        while (std::optional<pcapng::Block> block = need(reader.next())) {
            std::visit(visitor, *block);
        }
    }

  private:
    // From the process at this end.
    void write_outbound(Packet packet) {
        packet.direction = Direction::kOutbound;
        packet.self_at = At::kSender;
        write(std::move(packet));
    }

    template <typename Kind>
    static const char* kind(const Kind&) {
        return std::is_same_v<Kind, pcapng::InterfaceRead>            ? "I"
               : std::is_same_v<Kind, pcapng::DarwinProcessRead>      ? "D"
               : std::is_same_v<Kind, pcapng::PacketRead>             ? "P"
               : std::is_same_v<Kind, pcapng::ProcessInformationRead> ? "p"
               : std::is_same_v<Kind, pcapng::JournalRead>            ? "J"
               : std::is_same_v<Kind, pcapng::NameResolutionRead>     ? "N"
               : std::is_same_v<Kind, pcapng::StatisticsRead>         ? "S"
                                                                      : "";
    }
    static End end_of(const Process* process, uint32_t tid, Via via) {
        End end;
        end.process = process;
        end.tid = process != nullptr ? tid : 0;
        end.via = via;
        if (process != nullptr) {
            end.uid = process->uid;
            end.gid = process->gid;
            end.user = process->user;
        }
        return end;
    }
    std::string path() const { return folder_.file("a.pcapng"); }

    test::TemporaryFolder folder_;
    FileSink sink_;
    packet::Interface interface_;
    test::Bytes frame_ = test::udp_frame();
    uint64_t packets_ = 0;
};

const std::string kCurl =
    "pid=7 tid=5 comm=curl exe=/bin/curl uid=1000 st=1763650000123456782 via=socket";
const std::string kCurlIntro = " ppid=1 pcomm=init user=alice cmdline=curl%20-v";

// What a packet's block should say, made anew for each packet; only who was introduced is kept.
class Expectation {
  public:
    explicit Expectation(Comments comments) : comments_(comments) {}

    // "PID TID COMM|DIRECTION|DROPS|COMMENT"
    std::string line(const Packet& packet) {
        const Process* self = packet.self.process;
        return fmt::format(
            "{}|{}|{}|{}",
            self != nullptr ? fmt::format("{} {} {}", self->pid, packet.self.tid, self->comm)
                            : "none",
            packet.direction == Direction::kInbound ? "in" : "out",
            packet.drop_count ? std::to_string(*packet.drop_count) : "", comment(packet));
    }

  private:
    struct Introduced {
        uint32_t version = 0;
        std::optional<uint32_t> uid;
    };

    static std::string named(const End& end, std::string_view prefix) {
        const Process& process = *end.process;
        return fmt::format(
            "{0}pid={1} {0}tid={2} {0}comm={3} {0}exe={4} {0}uid={5} {0}st={6} {0}via={7}", prefix,
            process.pid, end.tid, process.comm, process.exe, end.uid.value(), process.start_ns,
            packet::via_name(end.via));
    }

    std::string introduction(const End& end, std::string_view prefix) {
        Introduced& before = introduced_[end.process->number];
        if (before.version != end.process->version) {
            before = {end.process->version, {}};
        }
        if (comments_ == Comments::kShort ||
            (comments_ == Comments::kIntro && before.uid == end.uid)) {
            return "";
        }
        before.uid = end.uid;
        return fmt::format(" {0}ppid=1 {0}pcomm=init {0}user={1} {0}cmdline={2}%20-v", prefix,
                           end.user, end.process->comm);
    }

    std::string comment(const Packet& packet) {
        if (comments_ == Comments::kNone) {
            return "";
        }
        const bool has_self = packet.self.process != nullptr;
        const bool has_peer = packet.peer.process != nullptr;
        std::string text = has_self ? named(packet.self, "")
                                    : fmt::format("via={}", packet::via_name(packet.self.via));
        if (has_self && packet.self_at != packet::at_by_direction(packet.direction)) {
            text += packet.direction == Direction::kInbound ? " at=sender" : " at=receiver";
        }
        text += has_peer ? " " + named(packet.peer, "peer.") : "";
        text += has_self ? introduction(packet.self, "") : "";
        text += has_peer ? introduction(packet.peer, "peer.") : "";
        return text;
    }

    Comments comments_;
    std::map<uint32_t, Introduced> introduced_;
};

// A few processes, and conversations between them whose packets are mostly like the one before.
class Conversations {
  public:
    Conversations() {
        for (const uint32_t pid : {7U, 8U, 9U, 9U}) {
            processes_.push_back(make_process(pid, fmt::format("p{}", processes_.size())));
        }
        processes_[3].number = 10;  // 9 again, within the tick
        for (size_t i = 0; i < 4; ++i) {
            Packet& packet = packets_[i];
            packet.self = {&processes_[i], 5, Via::kSocket, 1000, 1000, "alice"};
            packet.direction = i % 2 == 0 ? Direction::kInbound : Direction::kOutbound;
            packet.self_at = packet::at_by_direction(packet.direction);
        }
    }

    Packet next() {
        Packet& packet = packets_[random() % 4];
        Packet once = packet;
        switch (random() % 24) {
            case 0:
                packet.self.tid = 5 + random() % 2;
                break;
            case 1:
                become(packet.self);
                break;
            case 2:
                packet.self.via = via();
                break;
            case 3:
                packet.direction = packet.direction == Direction::kInbound ? Direction::kOutbound
                                                                           : Direction::kInbound;
                move_to_other_end(packet.self_at);
                break;
            case 4:
                packet.peer = {process(), 6, Via::kLookup, 1000, 1000, "alice"};
                break;
            case 5:
                packet.peer = {};
                break;
            case 6:
                packet.peer = {nullptr, 0, Via::kKernel};
                break;
            case 7:
                execute(*process());
                break;
            case 8:
                once.self = {nullptr, 0, Via::kForwarded};
                return once;
            case 9:
                once.drop_count = 1 + random() % 3;
                return once;
            case 10:
                packet.self.process = process();
                break;
            case 11:
                move_to_other_end(packet.self_at);
                break;
            default:
                if (packet.peer.process != nullptr) {
                    change_peer(packet.peer);
                }
        }
        return packet;
    }

  private:
    uint32_t random() { return static_cast<uint32_t>(random_()); }
    Process* process() { return &processes_[random() % processes_.size()]; }
    Via via() { return random() % 2 == 0 ? Via::kSocket : Via::kFlow; }
    static void move_to_other_end(At& at) { at = at == At::kSender ? At::kReceiver : At::kSender; }
    static void become(End& end) {
        end.uid = end.uid == 0 ? 1000 : 0;
        end.user = end.uid == 0 ? "root" : "alice";
    }
    void change_peer(End& peer) {
        switch (random() % 24) {
            case 0:
                peer.process = process();
                break;
            case 1:
                become(peer);
                break;
            case 2:
                peer.tid = 5 + random() % 2;
                break;
            case 3:
                peer.via = via();
                break;
            default:
                break;
        }
    }
    void execute(Process& process) {
        process.comm = fmt::format("exec{}", random() % 1000);
        process.exe = "/bin/" + process.comm;
        process.cmdline = process.comm + std::string("\0-v\0", 4);
        process.version++;
    }

    std::mt19937 random_{4};  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    std::vector<Process> processes_;
    std::array<Packet, 4> packets_;
};

}  // namespace

TEST_CASE("a section says first which comments its packets have, then how they were taken, where") {
    File file({.section_comments = {"one more"}, .host = "web1"});
    file.finish();
    std::vector<std::string> comments;
    file.visit([&comments](const auto& block) {
        if constexpr (std::is_same_v<std::decay_t<decltype(block)>, pcapng::SectionRead>) {
            for (const pcapng::Option& option : block.options) {
                if (option.code == pcapng::kOptComment) {
                    comments.emplace_back(option.text());
                }
            }
        }
    });
    CHECK(comments ==
          std::vector<std::string>{"pidcap comment grammar 1", kOrigin, "host=web1", "one more"});
}

TEST_CASE("a process is introduced once, whether first seen as a packet's process or its peer") {
    const Process curl = make_process(7, "curl");
    const Process nginx = make_process(8, "nginx");
    File file;
    file.packet(&curl);
    file.packet(&curl, &nginx);
    file.packet(&nginx, &curl);
    file.finish();
    const auto seen = file.fields({"frame.comment"});
    REQUIRE(seen.size() == 3);
    CHECK(seen[0] == kCurl + kCurlIntro);
    CHECK(seen[1] == kCurl +
                         " peer.pid=8 peer.tid=6 peer.comm=nginx peer.exe=/bin/nginx peer.uid=1000"
                         " peer.st=1763650000123456781 peer.via=lookup peer.ppid=1 peer.pcomm=init"
                         " peer.user=alice peer.cmdline=nginx%20-v");
    CHECK(seen[2] ==
          "pid=8 tid=5 comm=nginx exe=/bin/nginx uid=1000 st=1763650000123456781"
          " via=socket peer.pid=7 peer.tid=6 peer.comm=curl peer.exe=/bin/curl"
          " peer.uid=1000 peer.st=1763650000123456782 peer.via=lookup");
}

TEST_CASE("a process that has changed is introduced again, and has a Darwin block of its own") {
    Process process = make_process(7, "curl");
    File file;
    file.packet(&process);
    process.comm = "wget";
    file.packet(&process);  // as long as the version is the same, nobody looks
    process.version = 2;
    file.packet(&process);
    file.packet(&process);
    file.finish();
    const auto seen = file.fields({"frame.comment"});
    REQUIRE(seen.size() == 4);
    CHECK(seen[1] == kCurl);
    CHECK_THAT(seen[2], Catch::Contains("comm=wget") && Catch::EndsWith(kCurlIntro));
    CHECK_THAT(seen[3], Catch::Contains("comm=wget") && Catch::EndsWith("via=socket"));
    CHECK(file.darwin() == std::vector<std::string>{"0 7 curl", "-> 0 7 5", "-> 0 7 5", "1 7 wget",
                                                    "-> 1 7 5", "-> 1 7 5"});
}

TEST_CASE("two processes that had a pid within one clock tick are two in the file") {
    const Process first = make_process(7, "true");
    Process second = make_process(7, "fork");
    second.number = 8;
    second.start_ns += 123;
    File file;
    file.packet(&first);
    file.packet(&second);
    file.packet(&first);
    file.finish();
    CHECK(file.darwin() ==
          std::vector<std::string>{"0 7 true", "-> 0 7 5", "1 7 fork", "-> 1 7 5", "-> 0 7 5"});
    const auto seen = file.fields({"frame.comment"});
    REQUIRE(seen.size() == 3);
    CHECK_THAT(seen[0], Catch::Contains("st=1763650000123456782"));
    CHECK_THAT(seen[1], Catch::Contains("st=1763650000123456905"));
}

TEST_CASE("the Darwin index is that of the packet's process, never of its peer") {
    const Process curl = make_process(7, "curl");
    const Process nginx = make_process(8, "nginx");
    File file;
    file.packet(&curl, &nginx);
    file.packet(&nginx, &curl);
    file.packet(nullptr);
    file.finish();
    CHECK(file.darwin() ==
          std::vector<std::string>{"0 7 curl", "1 8 nginx", "-> 0 7 5", "-> 1 8 5", "-> none"});
}

TEST_CASE("a packet without a process says why, lost packets are counted on the next") {
    const Process curl = make_process(7, "curl");
    File file;
    file.packet(nullptr);
    file.packet(&curl, nullptr, 3);
    file.finish();
    const auto seen = file.fields({"frame.drop_count", "frame.packet_flags_direction",
                                   "frame.interface_name", "frame.comment"});
    CHECK(seen == std::vector<std::string>{"|0x00000002|eth0|via=kernel",
                                           "3|0x00000002|eth0|" + kCurl + kCurlIntro});
}

TEST_CASE("a peer is named also where no process is at this end") {
    const Process curl = make_process(7, "curl");
    File file;
    file.packet(nullptr, &curl);
    file.packet(nullptr, &curl);
    file.finish();
    const std::string named =
        "via=kernel peer.pid=7 peer.tid=6 peer.comm=curl peer.exe=/bin/curl peer.uid=1000"
        " peer.st=1763650000123456782 peer.via=lookup";
    CHECK(file.fields({"frame.comment"}) ==
          std::vector<std::string>{named + " peer.ppid=1 peer.pcomm=init peer.user=alice"
                                           " peer.cmdline=curl%20-v",
                                   named});
    CHECK(file.darwin() == std::vector<std::string>{"0 7 curl", "-> none", "-> none"});
}

TEST_CASE("the user is each packet's own, and a process that is another is introduced again") {
    const Process curl = make_process(7, "curl");
    File file({.process_blocks = true});
    file.packet(&curl);
    file.packet_as(curl, 0, "root");
    file.packet_as(curl, 0, "root");
    file.packet(&curl);
    file.finish();
    const auto seen = file.fields({"frame.comment"});
    std::vector<std::string> comments;
    std::copy_if(seen.begin(), seen.end(), std::back_inserter(comments),
                 [](const std::string& text) { return !text.empty(); });
    REQUIRE(comments.size() == 4);
    const std::string as_root =
        "pid=7 tid=5 comm=curl exe=/bin/curl uid=0 st=1763650000123456782 via=socket";
    CHECK(comments[0] == kCurl + kCurlIntro);
    CHECK(comments[1] == as_root + " ppid=1 pcomm=init user=root cmdline=curl%20-v");
    CHECK(comments[2] == as_root);
    CHECK(comments[3] == kCurl + kCurlIntro);
    std::vector<std::pair<uint32_t, std::string>> users;
    file.visit([&users](const auto& block) {
        if constexpr (std::is_same_v<std::decay_t<decltype(block)>,
                                     pcapng::ProcessInformationRead>) {
            users.emplace_back(block.uid.value(), block.user);
        }
    });
    CHECK(users == std::vector<std::pair<uint32_t, std::string>>{
                       {1000, "alice"}, {0, "root"}, {1000, "alice"}});
}

// More of them than texts are kept for: who was forgotten gets another Darwin block.
TEST_CASE("of very many processes each packet has its own's Darwin index, and its own peer") {
    const Process first = make_process(1, "first");
    const Process client = make_process(2, "client");
    const auto comments = GENERATE(Comments::kNone, Comments::kShort);
    File file({.comments = comments});
    file.packet(&first);
    for (uint32_t pid = 3; pid < 140'000; pid++) {
        const Process server = make_process(pid, "server");
        file.packet(&client, &server);
    }
    file.finish();
    std::vector<uint32_t> pids;
    size_t packets = 0;
    size_t wrong = 0;
    file.visit([&](const auto& block) {
        using Kind = std::decay_t<decltype(block)>;
        if constexpr (std::is_same_v<Kind, pcapng::DarwinProcessRead>) {
            pids.push_back(block.pid);
        } else if constexpr (std::is_same_v<Kind, pcapng::PacketRead>) {
            wrong += pids.at(block.darwin_index.value()) != block.process->pid;
            if (comments == Comments::kShort && packets > 0) {
                wrong += !test::contains(std::string(block.comment),
                                         fmt::format(" peer.pid={} ", packets + 2));
            }
            packets++;
        }
    });
    CHECK(packets == 139'998);
    CHECK(wrong == 0);
}

TEST_CASE("whatever changes from one packet of a conversation to the next is told with it") {
    const auto comments =
        GENERATE(Comments::kShort, Comments::kIntro, Comments::kFull, Comments::kNone);
    CAPTURE(static_cast<int>(comments));
    File file({.comments = comments});
    Expectation expectation(comments);
    Conversations conversations;
    std::vector<std::string> expected;
    size_t repeated = 0;
    for (int i = 0; i < 20'000; ++i) {
        const Packet packet = conversations.next();
        file.write(packet);
        const std::string line = expectation.line(packet);
        repeated +=
            std::find(expected.end() - std::min(i, 4), expected.end(), line) != expected.end();
        expected.push_back(line);
    }
    file.finish();
    const std::vector<std::string> seen = file.lines();
    REQUIRE(seen.size() == expected.size());
    const auto [is, should_be] = std::mismatch(seen.begin(), seen.end(), expected.begin());
    if (is != seen.end()) {
        FAIL("packet " << is - seen.begin() << " says " << *is << " instead of " << *should_be);
    }
    CHECK(repeated > 5'000);
    CHECK(std::set<std::string>(seen.begin(), seen.end()).size() > 300);
}

TEST_CASE("lost packets are told once, and no later packet of the conversation tells them") {
    const Process curl = make_process(7, "curl");
    File file({.comments = Comments::kShort});
    for (const uint32_t lost : {0U, 0U, 3U, 0U, 5U, 6U, 0U}) {
        file.packet(&curl, nullptr, lost);
    }
    file.finish();
    CHECK(file.fields({"frame.drop_count", "frame.comment"}) ==
          std::vector<std::string>{"|" + kCurl, "|" + kCurl, "3|" + kCurl, "|" + kCurl,
                                   "5|" + kCurl, "6|" + kCurl, "|" + kCurl});
}

TEST_CASE("comments tell as much as they are asked to") {
    const Process curl = make_process(7, "curl");
    const auto written = [&curl](Comments comments) {
        File file({.comments = comments});
        file.packet(&curl);
        file.packet(&curl);
        file.packet(nullptr);
        file.finish();
        CHECK(file.darwin()[2] == "-> 0 7 5");
        return file.fields({"frame.comment"});
    };
    using Lines = std::vector<std::string>;
    CHECK(written(Comments::kFull) == Lines{kCurl + kCurlIntro, kCurl + kCurlIntro, "via=kernel"});
    CHECK(written(Comments::kIntro) == Lines{kCurl + kCurlIntro, kCurl, "via=kernel"});
    CHECK(written(Comments::kShort) == Lines{kCurl, kCurl, "via=kernel"});
    CHECK(written(Comments::kNone) == Lines{"", "", ""});
}

TEST_CASE("process and journal blocks stand after the first packet, and only on request") {
    Process curl = make_process(7, "curl");
    const bool wanted = GENERATE(true, false);
    File file({.process_blocks = wanted});
    file.event(ProcessEvent::Type::kExec, curl);
    file.packet(nullptr);
    file.packet(&curl);
    file.packet(&curl);
    file.event(ProcessEvent::Type::kFork, curl);
    file.event(ProcessEvent::Type::kExit, curl);
    file.finish();
    CHECK(file.blocks() == (wanted ? "IPDPpPJ" : "IPDPP"));
    file.visit([](const auto& block) {
        using Kind = std::decay_t<decltype(block)>;
        if constexpr (std::is_same_v<Kind, pcapng::ProcessInformationRead>) {
            CHECK(block.pid == 7);
            CHECK(block.path == "/bin/curl");
            CHECK(block.ppid == 1U);
            CHECK(block.uid == 1000U);
            CHECK(block.start_ns == kTime - 7);
        } else if constexpr (std::is_same_v<Kind, pcapng::JournalRead>) {
            const std::string entry(block.entry);
            CHECK_THAT(entry, Catch::Contains("MESSAGE=exit curl [7] curl -v"));
            CHECK_THAT(entry, Catch::Contains("\n_CMDLINE=curl -v\n"));
            CHECK_THAT(entry, Catch::Contains(fmt::format("\n_PIDCAP_START={}\n", kTime - 7)));
        }
    });
}

TEST_CASE("tshark shows an address by its container's name, and by all names that it has had") {
    const auto in_container = [](uint32_t pid, const std::string& name) {
        Process process = make_process(pid, "server");
        packet::NamedAddress target{.name = name, .address = {.length = 4}};
        std::ranges::copy(std::array{10, 0, 0, 2}, target.address.bytes.begin());
        packet::NamedAddress other{.name = name, .address = {.length = 16}};
        other.address.bytes[0] = 0xfd;
        process.container_addresses =
            std::make_shared<const std::vector<packet::NamedAddress>>(std::vector{target, other});
        return process;
    };
    const Process web = in_container(1, "web");
    const Process again = in_container(2, "web");
    const Process reused = in_container(3, "db");
    SECTION("one container") {
        File file;
        file.packet(nullptr);
        file.packet(&web);
        file.packet(nullptr, &again);
        file.finish();
        CHECK(file.blocks() == "IPDNPDP");  // the second process has nothing new
        CHECK(file.targets()[1] == "web\t1.000000000");
    }
    SECTION("the first packet is one of it") {
        File file;
        file.packet(&web);
        file.finish();
        CHECK(file.targets() == std::vector<std::string>{"web\t0.000000000"});
    }
    SECTION("the address of two containers") {
        File file;
        file.packet(&web);
        file.packet(&reused);
        file.packet(&again);
        file.finish();
        CHECK(file.blocks() == "IDNPDNPDP");
        CHECK(file.targets()[2] == "db|web\t2.000000000");
    }
}

TEST_CASE("a file says of which host it is: this machine's name, another, or none") {
    const auto said = [](const FileOptions& options) {
        File file(options);
        file.finish();
        return file.section_comments();
    };
    const std::string own = test::lines(test::output_of({"uname", "-n"})).at(0);
    const bool is_own = own != "(none)" && own != "localhost" && !own.starts_with("localhost.");
    CHECK(test::contains(said({}), "Capture comment:     host=") == is_own);
    if (is_own) {
        CHECK_THAT(said({}), Catch::Contains(packet::host_comment(own) + "\n"));
    }
    CHECK_THAT(said({.host = "web 1\x1b[2J"}), Catch::Contains("host=web%201%1B[2J\n"));
    CHECK_FALSE(test::contains(said({.host = ""}), "host="));
}

TEST_CASE("the statistics add up to every packet that the interface's hooks saw") {
    File file;
    file.packet(nullptr);
    packet::InterfaceCounters counters;
    counters.captured = 1;
    counters.filtered = 20;
    counters.dropped = {300, 4000};
    file.finish({counters});
    CHECK(file.blocks() == "IPS");
    file.visit([](const auto& block) {
        if constexpr (std::is_same_v<std::decay_t<decltype(block)>, pcapng::StatisticsRead>) {
            CHECK(block.interface_id == 0);
            CHECK(block.received == 4321U);
            CHECK(block.os_dropped == 4300U);
            CHECK(block.delivered == 1U);
        }
    });
}

TEST_CASE("a capture goes on in another file, which is whole by itself") {
    const Process curl = make_process(7, "curl");
    const test::TemporaryFolder folder;
    const packet::Interface eth0{.number = 0, .link_type = 1, .snaplen = 0, .name = "eth0"};
    const packet::Interface eth1{.number = 1, .link_type = 1, .snaplen = 0, .name = "eth1"};
    const std::vector<uint8_t> frame = test::udp_frame();
    packet::InterfaceCounters one;
    one.captured = 1;
    // The second file begins with the second interface's packet, which is its number 0.
    for (const std::string name : {"first", "second"}) {
        FileSink sink = need(FileSink::create(need(pcapng::Output::open_file(folder.file(name))),
                                              FileOptions{}, kOrigin));
        if (name == "first") {
            need(sink.interface(eth0));
        }
        Packet packet;
        packet.interface = &eth1;
        packet.time_ns = kTime;
        packet.wire_length = static_cast<uint32_t>(frame.size());
        packet.data = frame;
        packet.self = {&curl, 7, Via::kSocket, 1000U, 1000U, "alice"};
        need(sink.packet(packet));
        need(sink.finish({{}, one}));
    }
    const auto seen = [&folder](const std::string& name) {
        return test::lines(test::output_of({"tshark", "-n", "-r", folder.file(name), "-T", "fields",
                                            "-e", "frame.interface_name", "-e", "frame.comment"}));
    };
    REQUIRE(seen("first").size() == 1);
    CHECK(seen("first") == seen("second"));
    CHECK_THAT(seen("second").front(), Catch::Contains("eth1"));
    CHECK_THAT(seen("second").front(), Catch::Contains("cmdline=curl"));
    const auto statistics = [&folder](const std::string& name) {
        std::vector<uint32_t> interfaces;
        pcapng::Reader reader = need(pcapng::Reader::open_file(folder.file(name)));
        while (std::optional<pcapng::Block> block = need(reader.next())) {
            if (const auto* read = std::get_if<pcapng::StatisticsRead>(&*block)) {
                interfaces.push_back(read->interface_id);
            }
        }
        return interfaces;
    };
    CHECK(statistics("first") == std::vector<uint32_t>{0, 1});
    CHECK(statistics("second") == std::vector<uint32_t>{0});
}

TEST_CASE("a compressed file can be read up to what was flushed last, and to its end") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a");
    auto output = need(pcapng::Output::open_file(path));
    output.compress_with(capture::make_zstd_compressor());
    FileSink sink = need(FileSink::create(std::move(output), FileOptions{}, kOrigin));
    const packet::Interface eth0{.number = 0, .link_type = 1, .snaplen = 0, .name = "eth0"};
    const std::vector<uint8_t> frame = test::udp_frame(1400);
    Packet packet;
    packet.interface = &eth0;
    packet.time_ns = kTime;
    packet.wire_length = static_cast<uint32_t>(frame.size());
    packet.data = frame;
    constexpr size_t kPackets = 3000;  // more than zstd's job, and than our buffer
    for (size_t i = 0; i < kPackets; i++) {
        need(sink.packet(packet));
    }
    const auto packets = [&path] {
        return test::lines(test::run({"tshark", "-n", "-r", path}).out).size();
    };
    need(sink.idle());
    CHECK(test::run({"zstd", "-tq", path}).status != 0);
    CHECK(packets() == kPackets);
    need(sink.packet(packet));
    need(sink.finish({}));
    CHECK(test::output_of({"zstd", "-tq", path}).empty());
    CHECK(packets() == kPackets + 1);
    CHECK(sink.bytes() == std::filesystem::file_size(path));
    CHECK(sink.bytes() < kPackets * 100);
}

TEST_CASE("with a connection's keys tshark sees what it said, and exporters' keys aren't written") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a");
    FileSink sink =
        need(FileSink::create(need(pcapng::Output::open_file(path)), FileOptions{}, kOrigin));
    need(sink.keys(test::sample_keys()));  // before the interface
    const test::SamplePackets packets = test::packets_of("tls.pcapng");
    for (size_t i = 0; i < packets.size(); i++) {
        need(sink.packet(packets.at(i)));
    }
    need(sink.finish({}));

    CHECK(test::requests_in(path) ==
          std::vector<std::string>{"/one.txt", "/two.txt", "/four.txt", "/five.txt"});
    // editcap and others need the interface first.
    CHECK(test::contains(test::output_of({"capinfos", "-E", path}), "Ethernet"));
    const test::Bytes bytes = test::read_file(path);
    const std::string text(bytes.begin(), bytes.end());
    CHECK(test::occurrences(text, "CLIENT_TRAFFIC_SECRET_0 ") == 3);
    CHECK_FALSE(test::contains(text, "EXPORTER"));
}
