// SPDX-License-Identifier: GPL-2.0-only
//
// A recorder's socket, with clients that behave and others.
#include "cmd/recorder/control_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "cmd/recorder/recorder_client.h"
#include "cmd/recorder/recorder_directory.h"
#include "cmd/recorder/status_text.h"
#include "cmd/recorder/unix_address.h"
#include "tests/support/temporary_folder.h"

using cmd::ControlSocket;
using pcapng::Fd;
using test::TemporaryFolder;

namespace {

using Clock = std::chrono::steady_clock;

Fd connected(const std::string& path) {
    const auto address = cmd::unix_address(path);
    REQUIRE(address);
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) == 0);
    return fd;
}

std::string echo(std::string_view request, uid_t asking) {
    return std::to_string(asking) + ":" + std::string(request);
}

// What comes within a short time.
std::string answer_to(ControlSocket& socket, const Fd& client) {
    const auto until = Clock::now() + std::chrono::seconds(5);
    std::string all;
    while (Clock::now() < until && all.find('\n') == std::string::npos) {
        socket.serve(echo);
        std::array<char, 65536> part{};
        const ssize_t got = recv(client.get(), part.data(), part.size(), MSG_DONTWAIT);
        if (got == 0) {
            break;
        }
        if (got > 0) {
            all.append(part.data(), static_cast<size_t>(got));
        }
        usleep(1000);
    }
    return all;
}

void say(const Fd& client, const std::string& text) {
    (void)send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace

TEST_CASE("a question gets its answer, and the connection ends") {
    const TemporaryFolder folder;
    auto socket = ControlSocket::open(folder.file("a.sock"), getuid());
    REQUIRE(socket);
    const Fd client = connected(folder.file("a.sock"));
    say(client, "hel");
    socket->serve(echo);
    say(client, "lo\nmore");
    CHECK(answer_to(*socket, client) == std::to_string(getuid()) + ":hello\n");
    char more = 0;
    CHECK(recv(client.get(), &more, 1, 0) <= 0);
}

TEST_CASE("clients that say nothing, too much, or half a request hold nobody up") {
    const TemporaryFolder folder;
    auto socket = ControlSocket::open(folder.file("a.sock"), getuid());
    REQUIRE(socket);
    std::vector<Fd> silent;
    for (size_t i = 0; i < ControlSocket::kMostConnections; i++) {
        silent.push_back(connected(folder.file("a.sock")));
        say(silent.back(), "half a request");
        socket->serve(echo);
    }
    const auto begin = Clock::now();
    socket->serve(echo);
    CHECK(Clock::now() - begin < std::chrono::milliseconds(100));
    // No more than these, until their time is over.
    CHECK(socket->fds().size() == ControlSocket::kMostConnections);
    const Fd patient = connected(folder.file("a.sock"));
    say(patient, "me\n");
    std::this_thread::sleep_for(ControlSocket::kPatience);
    CHECK(answer_to(*socket, patient) == std::to_string(getuid()) + ":me\n");

    const Fd talkative = connected(folder.file("a.sock"));
    say(talkative, std::string(3 * ControlSocket::kLongestRequest, 'x'));
    CHECK(answer_to(*socket, talkative).find("too long") != std::string::npos);
    const Fd late = connected(folder.file("a.sock"));
    say(late, std::string(ControlSocket::kLongestRequest + 1, 'x') + "\n");
    CHECK(answer_to(*socket, late).find("too long") != std::string::npos);
    {
        const Fd gone = connected(folder.file("a.sock"));
        say(gone, "gone\n");
    }
    const Fd last = connected(folder.file("a.sock"));
    say(last, "last\n");
    CHECK(answer_to(*socket, last) == std::to_string(getuid()) + ":last\n");
}

TEST_CASE("another user is refused with a message") {
    if (getuid() != 0) {
        return;  // becoming another user needs root
    }
    const TemporaryFolder folder;
    std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
    auto socket = ControlSocket::open(folder.file("a.sock"), 4321);
    REQUIRE(socket);
    const auto ask_as = [&](uid_t uid) {
        std::array<int, 2> pipe_ends{};
        REQUIRE(pipe(pipe_ends.data()) == 0);
        const pid_t child = fork();
        if (child == 0) {
            const bool changed = setresuid(uid, uid, uid) == 0;
            const auto answer = cmd::ask_recorder(folder.file("a.sock"), "hello");
            const std::string text = !changed      ? "no change"
                                     : answer.ok() ? *answer
                                                   : answer.error().message;
            (void)!write(pipe_ends[1], text.data(), text.size());
            _exit(0);
        }
        close(pipe_ends[1]);
        int status = 0;
        while (waitpid(child, &status, WNOHANG) == 0) {
            socket->serve(echo);
            usleep(1000);
        }
        std::array<char, 4096> text{};
        const ssize_t got = read(pipe_ends[0], text.data(), text.size());
        close(pipe_ends[0]);
        return std::string(text.data(), static_cast<size_t>(std::max<ssize_t>(got, 0)));
    };
    CHECK(ask_as(4321) == "4321:hello");
    CHECK(ask_as(0) == "0:hello");
    const std::string refused = ask_as(4322);
    CHECK(refused.find("only root and the user who started") != std::string::npos);
}

TEST_CASE("a name is one recorder's; the socket of one that is gone is replaced") {
    const TemporaryFolder folder;
    const std::string path = folder.file("a.sock");
    {
        auto first = ControlSocket::open(path, getuid());
        REQUIRE(first);
        const auto second = ControlSocket::open(path, getuid());
        REQUIRE_FALSE(second);
        CHECK(second.error().code == EADDRINUSE);
        CHECK(second.error().message.find("is running") != std::string::npos);
    }
    CHECK_FALSE(std::filesystem::exists(path));
    // As after SIGKILL.
    {
        const Fd stale(socket(AF_UNIX, SOCK_STREAM, 0));
        const auto address = cmd::unix_address(path);
        REQUIRE(bind(stale.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) ==
                0);
    }
    CHECK(cmd::ask_recorder(path, "x").error().code == ECONNREFUSED);
    auto again = ControlSocket::open(path, getuid());
    REQUIRE(again);
    const Fd client = connected(path);
    say(client, "x\n");
    CHECK(answer_to(*again, client) == std::to_string(getuid()) + ":x\n");
    CHECK_FALSE(ControlSocket::open("/" + std::string(120, 'x'), 0));
}

TEST_CASE("only the user whom a runtime folder belongs to finds recorders there") {
    const TemporaryFolder folder;
    std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
    std::filesystem::create_directory(folder.file("pidcap"));
    std::ofstream(folder.file("pidcap/theirs.sock"));
    // In a child, which may become another user.
    const auto finds_it_as = [&](uid_t uid) {
        const pid_t child = fork();
        if (child == 0) {
            setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1);
            const bool changed = geteuid() == uid || setresuid(uid, uid, uid) == 0;
            const auto sockets = cmd::list_recorder_sockets();
            const bool found = std::any_of(sockets.begin(), sockets.end(), [](const auto& socket) {
                return socket.name == "theirs";
            });
            _exit(!changed ? 2 : found ? 1 : 0);
        }
        int status = 0;
        REQUIRE(waitpid(child, &status, 0) == child);
        REQUIRE(WIFEXITED(status));
        REQUIRE(WEXITSTATUS(status) != 2);
        return WEXITSTATUS(status) == 1;
    };
    CHECK(finds_it_as(getuid() == 0 ? 4321 : getuid()));
    if (getuid() == 0) {
        CHECK_FALSE(finds_it_as(0));
    }
}

TEST_CASE("names of recorders are harmless in paths and on terminals") {
    CHECK(cmd::is_recorder_name("web-1.eth0@blue_2"));
    for (const std::string name :
         {"", ".", "..", ".hidden", "-x", "a/b", "a b", "a\x1b", "\xc3\xa4"}) {
        INFO(name);
        CHECK_FALSE(cmd::is_recorder_name(name));
    }
    CHECK(cmd::is_recorder_name(std::string(64, 'x')));
    CHECK_FALSE(cmd::is_recorder_name(std::string(65, 'x')));
}

TEST_CASE("a status is shown whatever is in it, and without control of the terminal") {
    using Json = nlohmann::ordered_json;
    for (const Json& odd : {Json::object(), Json::array(), Json(3), Json{{"ring", 7}},
                            Json{{"triggers", {{"last", {{"note", "\x1b[31m"}}}}}},
                            Json{{"interfaces", {1, "lo", "\n"}}, {"packets", -1}}}) {
        const std::string text = cmd::status_text(odd);
        CHECK(text.find('\x1b') == std::string::npos);
        CHECK(text.find("recorder") == 0);
        CHECK_FALSE(cmd::trigger_text(odd).empty());
    }
}
