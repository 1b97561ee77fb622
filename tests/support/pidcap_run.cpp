// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/pidcap_run.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace test {
namespace {

constexpr int kPatienceMs = 60'000;

}  // namespace

PidcapRun::PidcapRun(const Netns& netns, const std::vector<std::string>& arguments) {
    std::vector<std::string> copy = arguments;
    std::string program = PIDCAP_PROGRAM;
    std::vector<char*> argv = {program.data()};
    for (std::string& argument : copy) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe2 failed");
    }
    stderr_ = pcapng::Fd(ends[0]);
    pcapng::Fd write_end(ends[1]);
    pid_ = fork();
    if (pid_ < 0) {
        throw std::runtime_error("fork failed");
    }
    if (pid_ == 0) {
        const int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(empty, STDIN_FILENO);
        dup2(write_end.get(), STDERR_FILENO);
        if (setns(netns.fd(), CLONE_NEWNET) == 0) {
            execv(argv[0], argv.data());
        }
        _exit(127);
    }
}

void PidcapRun::wait_until_listening() {
    while (messages_.find("listening on ") == std::string::npos) {
        if (!read_more()) {
            FAIL("pidcap doesn't listen: " << messages_);
        }
    }
}

PidcapRun::~PidcapRun() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        wait();
    }
}

void PidcapRun::ask_to_stop() {
    kill(pid_, SIGINT);
}

int PidcapRun::wait() {
    while (read_more()) {
    }
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// False at the end of its output, or when it has been silent for too long.
bool PidcapRun::read_more() {
    pollfd ready{stderr_.get(), POLLIN, 0};
    if (poll(&ready, 1, kPatienceMs) <= 0) {
        kill(pid_, SIGKILL);
        messages_ += "(killed: silent for too long)";
        return false;
    }
    std::array<char, 4096> chunk{};
    const ssize_t count = read(stderr_.get(), chunk.data(), chunk.size());
    if (count > 0) {
        messages_.append(chunk.data(), static_cast<size_t>(count));
    }
    return count > 0;
}

unsigned long PidcapRun::summary(const std::string& before) const {
    const size_t line = messages_.rfind("pidcap: ", messages_.rfind(" captured, "));
    const size_t at = messages_.find(before, line);
    if (line == std::string::npos || at == std::string::npos) {
        FAIL("no summary: " << messages_);
    }
    return std::strtoul(messages_.c_str() + at + before.size(), nullptr, 10);
}

}  // namespace test
