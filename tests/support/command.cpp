// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace test {
namespace {

struct Pipe {
    int read_end = -1;
    int write_end = -1;
    std::string* text = nullptr;

    explicit Pipe(std::string* into) : text(into) {
        std::array<int, 2> ends = {};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            throw std::runtime_error(std::string("pipe: ") + std::strerror(errno));
        }
        read_end = ends[0];
        write_end = ends[1];
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_end(read_end);
        close_end(write_end);
    }
    static void close_end(int& end) {
        if (end >= 0) {
            ::close(end);
            end = -1;
        }
    }
    // Takes what is there; closes at the end.
    void take() {
        std::array<char, 65536> chunk;
        const ssize_t count = ::read(read_end, chunk.data(), chunk.size());
        if (count > 0) {
            text->append(chunk.data(), static_cast<size_t>(count));
        } else if (count == 0 || errno != EINTR) {
            close_end(read_end);
        }
    }
};

[[noreturn]] void become(const std::vector<char*>& argv, const Pipe& out, const Pipe& err) {
    const int empty = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(empty, STDIN_FILENO);
    ::dup2(out.write_end, STDOUT_FILENO);
    ::dup2(err.write_end, STDERR_FILENO);
    ::execvp(argv[0], argv.data());
    const char* reason = std::strerror(errno);
    for (const char* part : {"can't start ", static_cast<const char*>(argv[0]), ": ", reason}) {
        (void)!::write(STDERR_FILENO, part, std::strlen(part));
    }
    ::_exit(127);
}

}  // namespace

CommandResult run(const std::vector<std::string>& arguments) {
    std::vector<std::string> copy = arguments;
    std::vector<char*> argv;
    argv.reserve(copy.size() + 1);
    for (std::string& argument : copy) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);

    CommandResult result;
    Pipe out(&result.out);
    Pipe err(&result.err);
    const pid_t child = ::fork();
    if (child < 0) {
        throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
    }
    if (child == 0) {
        become(argv, out, err);
    }
    Pipe::close_end(out.write_end);
    Pipe::close_end(err.write_end);
    while (out.read_end >= 0 || err.read_end >= 0) {
        std::array<pollfd, 2> ready = {pollfd{out.read_end, POLLIN, 0},
                                       pollfd{err.read_end, POLLIN, 0}};
        if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) {
            break;
        }
        if (ready[0].revents != 0) {
            out.take();
        }
        if (ready[1].revents != 0) {
            err.take();
        }
    }
    int status = 0;
    rusage used = {};
    while (::wait4(child, &status, 0, &used) < 0 && errno == EINTR) {
    }
    result.peak_mib = static_cast<double>(used.ru_maxrss) / 1024;
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

std::string output_of(const std::vector<std::string>& arguments) {
    CommandResult result = run(arguments);
    if (result.status != 0) {
        std::string command;
        for (const std::string& argument : arguments) {
            command += argument + ' ';
        }
        throw std::runtime_error(command + "ended with status " + std::to_string(result.status) +
                                 ": " + result.err);
    }
    return result.out;
}

size_t occurrences(const std::string& text, const std::string& part) {
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        count++;
    }
    return count;
}

}  // namespace test
