// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/records/record_link.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "cmd/recorder/unix_address.h"
#include "tests/support/temporary_folder.h"

namespace {

using cmd::RecordLink;
using forensics::LostRecords;

// A collector on a Unix socket. Its first connection is the one it reads.
class Collector {
  public:
    explicit Collector(const std::string& path) {
        const auto address = cmd::unix_address(path);
        (void)unlink(path.c_str());
        listening_ = pcapng::Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        REQUIRE(bind(listening_.get(), reinterpret_cast<const sockaddr*>(&*address),
                     sizeof(*address)) == 0);
        REQUIRE(listen(listening_.get(), 1) == 0);
    }
    // Reads at most so many bytes of what has come.
    void read(size_t most = SIZE_MAX) {
        if (!connection_.valid()) {
            connection_ = pcapng::Fd(
                accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        }
        char bytes[4096];
        while (most > 0) {
            const ssize_t got = ::read(connection_.get(), bytes, std::min(sizeof(bytes), most));
            if (got <= 0) {
                return;
            }
            text_.append(bytes, static_cast<size_t>(got));
            most -= static_cast<size_t>(got);
        }
    }
    // The whole lines of this connection.
    std::vector<std::string> lines() const {
        std::vector<std::string> all;
        size_t begin = 0;
        for (size_t end = 0; (end = text_.find('\n', begin)) != text_.npos; begin = end + 1) {
            all.push_back(text_.substr(begin, end - begin));
        }
        return all;
    }

  private:
    pcapng::Fd listening_;
    pcapng::Fd connection_;
    std::string text_;
};

constexpr auto kTick = std::chrono::seconds(20);  // more than any wait for another try

class Sender {
  public:
    Sender(const std::string& path, size_t room)
        : link_(
              *cmd::stream_address("--to", "unix:" + path),
              [](const LostRecords& lost) { return "lost " + std::to_string(lost.packets) + "\n"; },
              room) {}
    void add() {
        link_.add("record " + std::to_string(next_) + std::string(80, '.') + "\n",
                  {.records = 1, .packets = 1, .bytes = 100});
        ++next_;
    }
    void serve() { link_.serve(now_ += kTick); }
    RecordLink& link() { return link_; }
    int added() const { return next_; }

  private:
    RecordLink link_;
    RecordLink::Clock::time_point now_ = RecordLink::Clock::now();
    int next_ = 0;
};

// How many records lines tell of, a record that came twice once, and how many were lost.
struct Told {
    std::set<int> records;
    uint64_t lost = 0;

    void add(const std::vector<std::string>& lines) {
        for (const std::string& line : lines) {
            if (line.starts_with("lost ")) {
                lost += std::stoull(line.substr(5));
            } else {
                REQUIRE(line.starts_with("record "));
                records.insert(std::stoi(line.substr(7)));
            }
        }
    }
};

TEST_CASE("a collector gets the lines in order, and none is kept that it has read") {
    const test::TemporaryFolder folder;
    Collector collector(folder.file("s"));
    Sender sender(folder.file("s"), 1 << 20);
    for (int i = 0; i < 100; ++i) {
        sender.add();
        sender.serve();
        collector.read();
    }
    sender.serve();
    Told told;
    told.add(collector.lines());
    CHECK(told.records.size() == 100);
    CHECK(collector.lines().size() == 100);
    CHECK(sender.link().waiting().records == 0);
    CHECK(sender.link().take_notices().empty());
}

TEST_CASE("what a collector hasn't read when it goes away comes again when it is back") {
    const test::TemporaryFolder folder;
    Told told;
    Sender sender(folder.file("s"), 1 << 20);
    for (const size_t read : {size_t{0}, size_t{1}, size_t{950}, size_t{5000}}) {
        Collector collector(folder.file("s"));
        for (int i = 0; i < 50; ++i) {
            sender.add();
            sender.serve();
        }
        collector.read(read);
        sender.serve();
        told.add(collector.lines());
    }
    sender.serve();  // it notices
    CHECK_FALSE(sender.link().take_notices().empty());
    Collector collector(folder.file("s"));
    for (int i = 0; i < 20; ++i) {
        sender.serve();
        collector.read();
    }
    sender.serve();
    told.add(collector.lines());
    CHECK(told.records.size() == 200);
    CHECK(told.lost == 0);
    CHECK(sender.link().waiting().records == 0);
}

TEST_CASE("lines without room are lost, and the sum of what came and of what was lost is all") {
    const test::TemporaryFolder folder;
    Sender sender(folder.file("s"), 1000);
    for (int i = 0; i < 30; ++i) {
        sender.add();
        sender.serve();
    }
    CHECK(sender.link().lost().records > 0);
    Told told;
    Collector collector(folder.file("s"));
    for (int i = 0; i < 30; ++i) {
        sender.serve();
        collector.read();
        sender.add();
    }
    sender.serve();
    collector.read();
    sender.serve();
    told.add(collector.lines());
    CHECK(told.lost == sender.link().lost().packets);
    CHECK(told.records.size() + told.lost == static_cast<size_t>(sender.added()));
    CHECK(sender.link().lost().bytes == 100 * sender.link().lost().records);
}

TEST_CASE("a collector that never comes costs no more than the buffer and a wait at the end") {
    const test::TemporaryFolder folder;
    Sender sender(folder.file("s"), 1000);
    for (int i = 0; i < 30; ++i) {
        sender.add();
        sender.serve();
    }
    sender.link().drain(std::chrono::milliseconds(50), std::chrono::seconds(10));
    CHECK(sender.link().waiting().records + sender.link().lost().records == 30);
    CHECK(sender.link().waiting().records > 0);
    CHECK(sender.link().take_notices().size() == 1);
}

TEST_CASE("addresses of collectors that are none are refused") {
    for (const char* text : {"", "unix:", "tcp:", "tcp:host", "tcp::1", "/run/socket",
                             "tcp:127.0.0.1:", "tcp:127.0.0.1:no-such-port"}) {
        INFO(text);
        CHECK_FALSE(cmd::stream_address("--to", text));
    }
    CHECK(cmd::stream_address("--to", "tcp:[::1]:9000"));
    CHECK_FALSE(cmd::datagram_address("--ipfix", "4739"));
    CHECK(cmd::datagram_address("--ipfix", "127.0.0.1:4739"));
}

}  // namespace
