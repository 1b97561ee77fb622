// SPDX-License-Identifier: GPL-2.0-only
//
// At which end a packet's only process is, in everything that shows it.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <string>
#include <vector>

#include "tests/kernel/traffic.h"
#include "tests/support/capture.h"
#include "tests/support/temporary_folder.h"

namespace test {
namespace {

using Strings = std::vector<std::string>;

// The lines with this in them.
Strings select(const std::string& text, const std::string& part) {
    Strings found;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        if (const std::string line = text.substr(at, end - at); contains(line, part)) {
            found.push_back(line);
        }
        at = end + 1;
    }
    return found;
}

// Without the IP headers that -v shows, "IP (tos 0x0, …) ".
std::string without_ip_headers(std::string text) {
    for (size_t at = 0; (at = text.find(" IP (tos ", at)) != std::string::npos;) {
        text.erase(at, text.find(") ", at) - at + 1);
    }
    return text;
}

bool all_contain(const Strings& lines, const std::string& part) {
    return !lines.empty() && std::all_of(lines.begin(), lines.end(), [&](const std::string& line) {
        return contains(line, part);
    });
}

std::string read(Strings options, const std::string& path) {
    options.insert(options.begin(), "read");
    options.push_back(path);
    const CommandResult result = run_pidcap(options);
    REQUIRE(result.status == 0);
    return result.out;
}

}  // namespace

TEST_CASE("a SYN-ACK, or a reset, whose only known process is its receiver is not shown as its") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    Actor server(netns, "server");
    const int listening = listener(server, make_address("127.0.0.1", 0));
    const uint16_t port = local_port(server, listening);
    // A socket of two processes from before the start is nobody's until one of them uses it.
    const Actor second = server.fork_child("second");
    Actor client(netns, "the client");
    const Address closed = make_address("127.0.0.1", 9);

    Capture lines(netns, {"-i", "lo", "-v", "tcp"});
    Capture file(netns, {"-i", "lo", "-w", path, "tcp"});
    const int fd = connected_socket(client, make_address("127.0.0.1", port), SOCK_STREAM);
    const int refused = open_socket(client, AF_INET, SOCK_STREAM);
    CHECK(client.try_call(
              [](int socket, Address to) -> int64_t {
                  return connect(socket, reinterpret_cast<sockaddr*>(&to.storage), to.length) == 0
                             ? 0
                             : -errno;
              },
              refused, closed) == -ECONNREFUSED);
    close_in(client, fd);
    lines.stop();
    file.stop();

    const std::string name = fmt::format("\"the client\"[{}]", client.pid());
    const std::string from_server = fmt::format(" TCP 127.0.0.1.{} > ", port);
    const std::string from_closed = " TCP 127.0.0.1.9 > ";
    for (const std::string& whole : {lines.out(), read({}, path), read({"-v"}, path)}) {
        INFO(whole);
        const std::string text = without_ip_headers(whole);
        CHECK(all_contain(select(text, ": Flags [S.]"), "lo Out -> " + name + from_server));
        CHECK(all_contain(select(text, from_closed), "lo Out -> " + name + from_closed));
        CHECK(all_contain(select(text, ": Flags [S],"), "lo Out " + name + " -> TCP "));
    }
    for (const std::string& text : {lines.out(), read({"-v"}, path)}) {
        INFO(text);
        CHECK(all_contain(select(text, ": Flags [S.]"), " at=receiver exe="));
        CHECK(all_contain(select(text, from_closed), " at=receiver exe="));
        CHECK(all_contain(select(text, ": Flags [S],"), " at=sender exe="));
    }
    // Below its process in the tree, too.
    CHECK(all_contain(select(read({"--tree"}, path), ": Flags [S.]"), "lo Out -> " + name));
    CHECK(all_contain(select(read({"--json"}, path), fmt::format("\"source_port\":{},", port)),
                      "\"process_at\":\"receiver\""));
}

TEST_CASE("what a capture prints beside its file is what is read from the file") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    Actor client(netns, "the client");
    for (const char* form : {"--json", "-x"}) {
        CAPTURE(form);
        // In a namespace that has nothing else lo is interface 1 of -D.
        Capture capture(netns, {"-i", "1", "-O", "-w", path, "--print", form, "udp"});
        const int fd = open_socket(client, AF_INET, SOCK_DGRAM);
        for (int i = 0; i < 3; i++) {
            CHECK(client.try_call(
                      [](int socket, Address to) -> int64_t {
                          return sendto(socket, "abc", 3, 0,
                                        reinterpret_cast<sockaddr*>(&to.storage), to.length);
                      },
                      fd, make_address("127.0.0.1", 9)) == 3);
        }
        capture.stop();
        INFO(capture.out());
        CHECK(contains(capture.out(), "the client"));
        CHECK(capture.out() == read({form}, path));
    }
}

}  // namespace test
