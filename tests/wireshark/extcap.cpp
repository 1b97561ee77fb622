// SPDX-License-Identifier: GPL-2.0-only
#include "tests/wireshark/extcap.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>

#include "pcapng/reader.h"
#include "tests/support/wait.h"

namespace test {
namespace {

std::string make_fifo(const std::string& path) {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    return path;
}

Launch launch_of(const TemporaryFolder& folder, const Netns& netns, const std::string& interface,
                 const std::vector<std::string>& values) {
    Launch launch;
    launch.netns = &netns;
    launch.arguments = {PIDCAP_EXTCAP,
                        "--capture",
                        "--extcap-interface",
                        interface,
                        "--fifo",
                        make_fifo(folder.file("packets")),
                        "--extcap-control-in",
                        make_fifo(folder.file("in")),
                        "--extcap-control-out",
                        make_fifo(folder.file("out"))};
    launch.arguments.insert(launch.arguments.end(), values.begin(), values.end());
    return launch;
}

size_t packets_in(const std::string& file) {
    auto reader = pcapng::Reader::open_file(file);
    size_t packets = 0;
    while (reader.ok()) {
        auto block = reader->next();
        if (!block.ok() || !*block) {
            break;
        }
        packets += std::holds_alternative<pcapng::PacketRead>(**block) ? 1 : 0;
    }
    return packets;
}

}  // namespace

Extcap::Extcap(const Netns& netns, const std::string& interface,
               const std::vector<std::string>& values)
    : process_(launch_of(folder_, netns, interface, values)) {
    // As Wireshark opens them: what it writes to waits for the program.
    to_program_ = pcapng::Fd(::open(folder_.file("in").c_str(), O_WRONLY | O_CLOEXEC));
    from_program_ =
        pcapng::Fd(::open(folder_.file("out").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(to_program_.valid());
    REQUIRE(from_program_.valid());
    std::ofstream(file()).close();
}

void Extcap::open_reader() {
    packets_ = pcapng::Fd(::open(folder_.file("packets").c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(packets_.valid());
    REQUIRE(::fcntl(packets_.get(), F_SETFL, O_NONBLOCK) == 0);
}

void Extcap::close_reader() {
    packets_ = pcapng::Fd();
}

void Extcap::read() {
    std::ofstream out(file(), std::ios::binary | std::ios::app);
    std::array<char, 65536> part{};
    while (true) {
        const ssize_t got = ::read(packets_.get(), part.data(), part.size());
        if (got < 0) {
            REQUIRE(errno == EAGAIN);
            return;
        }
        if (got == 0) {
            ended_ = true;
            return;
        }
        out.write(part.data(), got);
    }
}

void Extcap::read_packets(size_t count) {
    wait_until("packets in the file", [&] {
        read();
        return ended_ || packets_in(file()) >= count;
    });
}

int Extcap::read_to_end() {
    wait_until("the end of the file", [&] {
        read();
        return ended_;
    });
    return process_.wait();
}

void Extcap::say(const extcap::Message& message) {
    say_bytes(extcap::encode(message));
}

void Extcap::say_bytes(const std::string& bytes) {
    REQUIRE(::write(to_program_.get(), bytes.data(), bytes.size()) ==
            static_cast<ssize_t>(bytes.size()));
}

const std::vector<extcap::Message>& Extcap::heard() {
    std::array<char, 4096> part{};
    ssize_t got = 0;
    while ((got = ::read(from_program_.get(), part.data(), part.size())) > 0) {
        waiting_.append(part.data(), static_cast<size_t>(got));
    }
    const auto messages = extcap::take_messages(waiting_);
    REQUIRE(messages.ok());
    heard_.insert(heard_.end(), messages->begin(), messages->end());
    return heard_;
}

void Extcap::hear(const std::function<bool(const extcap::Message&)>& wanted) {
    wait_until("a message to the toolbar", [&] {
        if (packets_.valid()) {
            read();
        }
        const auto& all = heard();
        return std::any_of(all.begin(), all.end(), wanted);
    });
}

std::string Extcap::value_of(uint8_t control) {
    std::string value;
    for (const extcap::Message& message : heard()) {
        if (message.control == control && message.command == extcap::Command::kSet) {
            value = message.payload;
        }
    }
    return value;
}

}  // namespace test
