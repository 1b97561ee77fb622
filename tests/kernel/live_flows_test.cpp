// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap flows`, `processes` and `report` of a running capture, as programs.
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "tests/kernel/traffic.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;
using Json = nlohmann::json;

std::vector<Json> json_of(const std::string& text) {
    std::vector<Json> rows;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        rows.push_back(Json::parse(line));
    }
    return rows;
}

void erase_times(Json& value) {
    if (value.is_object()) {
        for (const char* name : {"first_time", "last_time", "duration_s", "rtt_s", "start_time",
                                 "a_start_time", "b_start_time"}) {
            value.erase(name);
        }
    }
    for (Json& each : value) {
        if (each.is_structured()) {
            erase_times(each);
        }
    }
}

// Two captures don't see a packet at the same nanosecond, and each reads for itself how far the
// wall clock is from the clock that processes start by.
std::multiset<std::string> without_times(const std::string& text) {
    std::multiset<std::string> rows;
    for (Json row : json_of(text)) {
        erase_times(row);
        rows.insert(row.dump());
    }
    return rows;
}

TEST_CASE("tables of a running capture are those of a file that was captured beside them") {
    const Line line;
    const TemporaryFolder folder;
    const std::string file = folder.file("a.pcapng");
    const std::string page = folder.file("page.html");
    Capture to_file(line.cable.a, {"-i", "va", "-w", file});
    Capture flows(line.cable.a, {"flows", "-i", "va", "--json"});
    Capture processes(line.cable.a, {"processes", "--live", "--json", "udp"});
    Capture report(line.cable.a, {"report", "-i", "va", "-o", page});
    send_numbered(line.sender, 0, 500, 100);
    const pcapng::Fd other = udp_socket(line.cable.a, kAddressA);
    connect_to(other, kAddressB, 9);
    send_numbered(other, 0, 20, 50);
    for (Capture* capture : {&to_file, &flows, &processes, &report}) {
        capture->stop(SIGINT);
    }
    CHECK(without_times(flows.out()) == without_times(run_pidcap({"flows", "--json", file}).out));
    CHECK(json_of(flows.out()).size() == 2);
    CHECK(without_times(processes.out()) ==
          without_times(run_pidcap({"processes", "--json", file}).out));
    CHECK(json_of(processes.out()).size() == 1);
    std::ifstream written(page);
    std::stringstream text;
    text << written.rdbuf();
    CHECK(text.str().find("</html>") != std::string::npos);
    CHECK(text.str().find(kAddressB) != std::string::npos);
}

TEST_CASE("a process is one in two captures' files, whether they saw it start or not") {
    const Line line;
    const TemporaryFolder folder;
    const std::vector<std::string> files = {folder.file("a.pcapng"), folder.file("b.pcapng")};
    Capture first(line.cable.a, {"-i", "va", "-w", files[0]});
    Actor actor(line.cable.a, "actor");
    Capture second(line.cable.a, {"-i", "va", "-w", files[1]});
    const Address to = make_address(kAddressB, 9);
    say(actor, connected_socket(actor, to, SOCK_DGRAM), "heard by nobody");
    send_numbered(line.sender, 0, 10, 100);  // of the test, which ran before
    first.stop(SIGINT);
    second.stop(SIGINT);
    std::map<uint64_t, uint64_t> sent;  // by pid
    const auto both = run_pidcap({"processes", "--json", files[0], files[1]});
    for (const Json& row : json_of(both.out)) {
        INFO(row.dump());
        CHECK(sent.emplace(row["pid"], row["sent_packets"]).second);
    }
    const auto pid_of = [](pid_t pid) { return static_cast<uint64_t>(pid); };
    CHECK(sent == std::map<uint64_t, uint64_t>{{pid_of(getpid()), 20}, {pid_of(actor.pid()), 2}});
}

TEST_CASE("a table of a program's packets is whole when it has ended, with its exit status") {
    const Loopback loopback;
    const CommandResult result =
        run_pidcap({.arguments = {"flows", "--live", "--json", "--", "sh", "-c",
                                  "echo heard; ping -q -c 3 -i 0.01 127.0.0.1 && exit 7"},
                    .netns = &loopback.netns});
    CHECK(result.status == 7);
    const std::vector<Json> rows = json_of(result.out);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["a_packets"] == 6);  // requests and replies
    CHECK(rows[0]["a_comm"] == "ping");
    CHECK(result.err.find("heard") != std::string::npos);
}

TEST_CASE("what doesn't fit a running table is refused") {
    for (const std::vector<std::string>& wrong :
         {std::vector<std::string>{"flows", "--live", "-w", "f"},
          {"report", "-i", "lo", "--json"},
          {"flows", "--live", "--after", "+1s"},
          {"processes", "--live", "doctor"},
          {"flows", "--live", "--no-process"}}) {
        INFO(wrong[1] << ' ' << wrong.back());
        CHECK(run_pidcap(wrong).status == 2);
    }
}

TEST_CASE("records of a running capture tell of every packet") {
    const Loopback loopback;
    Capture capture(loopback.netns, {"flows", "-i", "lo", "--records", "--idle", "0.2"});
    std::vector<pcapng::Fd> senders;
    for (int i = 0; i < 20; ++i) {
        senders.push_back(udp_socket(loopback.netns, "127.0.0.1"));
        connect_to(senders.back(), "127.0.0.1", 9);
        send_numbered(senders.back(), 0, 10, 60);
    }
    capture.stop(SIGTERM);
    uint64_t packets = 0;
    std::set<uint64_t> conversations;
    for (const Json& record : json_of(capture.out())) {
        packets += record["a_packets"].get<uint64_t>() + record["b_packets"].get<uint64_t>();
        conversations.insert(record["b_port"] == 9 ? record["a_port"].get<uint64_t>() : 0);
        CHECK(record["a_pid"] == getpid());
    }
    CHECK(packets == 200);
    CHECK(conversations.size() == 20);
}

// A collector on a Unix socket, which reads until it is told to go away.
class Collector {
  public:
    explicit Collector(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof(address.sun_path) - 1);
        (void)unlink(path.c_str());
        listening_ = pcapng::Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address),
                     sizeof(address)) == 0);
        REQUIRE(listen(listening_.get(), 1) == 0);
    }
    // Reads until it has so many bytes, or the connection ends.
    void read(size_t most = SIZE_MAX) {
        if (!connection_.valid()) {
            connection_ = pcapng::Fd(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        }
        char bytes[4096];
        ssize_t got = 1;
        while (text_.size() < most && got > 0) {
            got = ::read(connection_.get(), bytes, std::min(sizeof(bytes), most - text_.size()));
            text_.append(bytes, static_cast<size_t>(std::max<ssize_t>(got, 0)));
        }
    }
    // Of the lines that are whole.
    void add_to(std::map<uint64_t, uint64_t>& packets) const {
        const size_t end = text_.rfind('\n');
        for (const Json& record : json_of(text_.substr(0, end == text_.npos ? 0 : end))) {
            REQUIRE(record["reason"] != "lost");  // there was room
            packets[record["sequence"]] =
                record["a_packets"].get<uint64_t>() + record["b_packets"].get<uint64_t>();
        }
    }

  private:
    pcapng::Fd listening_;
    pcapng::Fd connection_;
    std::string text_;
};

TEST_CASE("a collector that goes away and comes back misses no packet") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const std::string path = folder.file("s");
    std::map<uint64_t, uint64_t> packets;  // by sequence
    const auto send = [&] {
        for (int i = 0; i < 20; ++i) {
            const pcapng::Fd sender = udp_socket(loopback.netns, "127.0.0.1");
            connect_to(sender, "127.0.0.1", 9);
            send_numbered(sender, 0, 10, 60);
        }
    };
    auto collector = std::make_unique<Collector>(path);
    // Nobody else could connect in this folder.
    Capture capture(loopback.netns, {"flows", "-i", "lo", "--idle", "0.1", "-Z", "root", "--to",
                                     "unix:" + path, "udp"});
    send();
    collector->read(5000);  // amid a line
    collector->add_to(packets);
    CHECK(packets.size() < 20);
    collector.reset();
    send();
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    collector = std::make_unique<Collector>(path);
    send();
    std::thread reader([&] { collector->read(); });
    capture.stop(SIGTERM);
    reader.join();
    collector->add_to(packets);
    uint64_t sum = 0;
    for (const auto& [sequence, count] : packets) {
        sum += count;
    }
    INFO(capture.err());
    CHECK(sum == 600);
    CHECK(packets.size() == packets.rbegin()->first + 1);
    CHECK(capture.err().find("not taken") == std::string::npos);
    CHECK(capture.err().find("connected") != std::string::npos);
}

}  // namespace
