// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/capture_launcher.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <map>

#include "capture/confinement/descriptors.h"

namespace cmd {
namespace {

using pcapng::errno_error;
using pcapng::Fd;

// Before what is written where, until the capture listens.
constexpr std::string_view kStarting = "about to write ";

struct Request {
    uint32_t pid;
    uint32_t lives;
};

std::string file_name(uint32_t pid) {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    std::array<char, 32> time{};
    const size_t length = std::strftime(time.data(), time.size(), "%Y%m%d-%H%M%S", &local);
    return fmt::format("pidcap-{}-{}.pcapng", pid, std::string_view(time.data(), length));
}

template <typename... Arguments>
void tell(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    const std::string line = fmt::format(format, std::forward<Arguments>(arguments)...) + '\n';
    (void)!write(STDOUT_FILENO, line.data(), line.size());
}

[[noreturn]] void execute(std::vector<std::string> words) {
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    execv("/proc/self/exe", argv.data());
    tell("start a capture: {}", errno_error("exec", errno).message);
    _exit(1);
}

// The launcher's own process. Standard output and error are the messages.
class Launcher {
  public:
    Launcher(std::vector<std::string> options, const StopSignals& signals)
        : options_(std::move(options)), signals_(&signals) {}

    void serve(int requests) {
        Request request{};
        while (recv(requests, &request, sizeof(request), 0) == sizeof(request)) {
            reap();
            const auto running = captures_.find(request.pid);
            if (running != captures_.end()) {
                kill(running->second, SIGINT);
            } else if (request.lives != 0) {
                start(request.pid);
            } else {
                tell("process {} has ended: it has no packets any more", request.pid);
            }
        }
        for (const auto& [of, capture] : captures_) {
            kill(capture, SIGINT);
        }
        while (wait(nullptr) > 0) {
        }
    }

  private:
    void start(uint32_t pid) {
        const std::string file = file_name(pid);
        std::vector<std::string> words = {"pidcap", "-w", file, "--pid", std::to_string(pid)};
        words.insert(words.end(), options_.begin(), options_.end());
        const pid_t child = fork();
        if (child == 0) {
            setpgid(0, 0);  // Ctrl-C is for the one who watches
            signals_->restore_inherited();
            execute(std::move(words));
        }
        if (child > 0) {
            captures_[pid] = child;
            tell("{}the packets of process {} to {}; w ends it", kStarting, pid, file);
        } else {
            tell("start a capture: {}", errno_error("fork", errno).message);
        }
    }

    void reap() {
        std::erase_if(captures_, [](const auto& each) {
            return waitpid(each.second, nullptr, WNOHANG) == each.second;
        });
    }

    std::vector<std::string> options_;
    const StopSignals* signals_;
    std::map<uint32_t, pid_t> captures_;  // by the process whose packets they write
};

[[noreturn]] void run(std::vector<std::string> options, const StopSignals& signals, int requests,
                      int messages) {
    prctl(PR_SET_NAME, "pidcap-launch");
    setpgid(0, 0);
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(messages, STDOUT_FILENO) < 0 ||
        dup2(messages, STDERR_FILENO) < 0) {
        _exit(1);
    }
    capture::close_all_but({requests}, STDERR_FILENO + 1);
    Launcher(std::move(options), signals).serve(requests);
    _exit(0);
}

}  // namespace

pcapng::Result<CaptureLauncher> CaptureLauncher::start(std::vector<std::string> options,
                                                       const StopSignals& signals) {
    std::array<int, 2> sockets{};
    std::array<int, 2> pipe{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
        return errno_error("make a pair of sockets", errno);
    }
    Fd ours(sockets[0]);
    Fd theirs(sockets[1]);
    if (pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        return errno_error("make a pipe", errno);
    }
    Fd messages(pipe[0]);
    Fd said(pipe[1]);
    const pid_t pid = fork();
    if (pid < 0) {
        return errno_error("fork for captures", errno);
    }
    if (pid == 0) {
        run(std::move(options), signals, theirs.get(), said.get());
    }
    return CaptureLauncher(pid, std::move(ours), std::move(messages));
}

CaptureLauncher::~CaptureLauncher() {
    if (pid_ > 0) {
        requests_.reset();
        waitpid(pid_, nullptr, 0);
    }
}

void CaptureLauncher::toggle(uint32_t pid, bool lives) const {
    const Request request{pid, lives ? 1U : 0U};
    (void)send(requests_.get(), &request, sizeof(request), MSG_NOSIGNAL);
}

std::string CaptureLauncher::take_message() {
    std::array<char, 4096> room{};
    std::string text;
    for (ssize_t n = 0; (n = read(messages_.get(), room.data(), room.size())) > 0;) {
        text.append(room.data(), static_cast<size_t>(n));
    }
    std::string last;
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        last = text.substr(begin, end - begin);
        if (last.starts_with(kStarting)) {
            started_ = last.substr(kStarting.size());
        } else if (last.starts_with("pidcap: listening on ")) {
            last = "writing " + started_;
        }
        begin = end + 1;
    }
    return last;
}

}  // namespace cmd
