// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/run_capture.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "capture/file_sink.h"
#include "capture/session.h"
#include "cmd/command.h"
#include "cmd/drop_privileges.h"
#include "cmd/status_line.h"
#include "cmd/text_sink.h"

namespace cmd {
namespace {

using capture::Error;
using capture::Result;
using Clock = std::chrono::steady_clock;

void say(const std::string& text) {
    fmt::print(stderr, "pidcap: {}\n", text);
}

// SIGINT and SIGTERM as a file descriptor. Once one has come they end the program the hard way
// again, should its output be stuck.
class StopSignals {
  public:
    static Result<StopSignals> open() {
        sigset_t stop = stop_set();
        sigprocmask(SIG_BLOCK, &stop, nullptr);
        // A reader that leaves and a file that grows too large are errors of write(2).
        signal(SIGPIPE, SIG_IGN);
        signal(SIGXFSZ, SIG_IGN);
        pcapng::Fd fd(signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK));
        if (!fd.valid()) {
            return pcapng::errno_error("wait for signals", errno);
        }
        return StopSignals(std::move(fd));
    }

    int fd() const { return fd_.get(); }

    bool received() {
        signalfd_siginfo info{};
        if (read(fd_.get(), &info, sizeof(info)) != sizeof(info)) {
            return false;
        }
        sigset_t stop = stop_set();
        sigprocmask(SIG_UNBLOCK, &stop, nullptr);
        return true;
    }

  private:
    explicit StopSignals(pcapng::Fd fd) : fd_(std::move(fd)) {}

    static sigset_t stop_set() {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        return set;
    }

    pcapng::Fd fd_;
};

capture::SessionOptions session_options(const Options& options,
                                        const std::optional<Command>& command) {
    capture::SessionOptions session;
    session.interfaces = options.interfaces;
    session.programs.snaplen = options.snaplen;
    session.programs.in = options.in;
    session.programs.out = options.out;
    session.programs.buffer_bytes = options.buffer_kib.value_or(0) * 1024;
    session.count = options.count;
    for (uint32_t pid : options.pids) {
        session.filter.processes.push_back({pid, 0});
    }
    session.filter.comms = options.comms;
    session.filter.uids = options.uids;
    session.filter.follow = options.follow;
    if (command) {
        session.filter.processes.push_back({static_cast<uint32_t>(command->pid()), 0});
        session.filter.follow = true;
    }
    return session;
}

std::optional<uint32_t> number_in(const char* variable) {
    const char* text = getenv(variable);
    uint32_t number = 0;
    if (text == nullptr) {
        return std::nullopt;
    }
    const std::string_view digits(text);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc{} && end == digits.data() + digits.size() ? std::optional(number)
                                                                        : std::nullopt;
}

// The file belongs to who called sudo.
void give_to_caller(int fd) {
    auto uid = number_in("SUDO_UID");
    auto gid = number_in("SUDO_GID");
    if (geteuid() == 0 && uid && gid && fchown(fd, *uid, *gid) != 0) {
        say(pcapng::errno_error("give the file to the user who called sudo", errno).message);
    }
}

capture::Comments comments_of(Options::Comments comments) {
    switch (comments) {
        case Options::Comments::kFull:
            return capture::Comments::kFull;
        case Options::Comments::kIntro:
            return capture::Comments::kIntro;
        case Options::Comments::kShort:
            return capture::Comments::kShort;
        case Options::Comments::kNone:
            break;
    }
    return capture::Comments::kNone;
}

Result<std::unique_ptr<capture::FileSink>> open_file(const Options& options) {
    capture::FileOptions file;
    file.comments = comments_of(options.comments);
    file.process_blocks = options.process_blocks;
    if (*options.output == "-") {
        if (isatty(STDOUT_FILENO) != 0) {
            return Error{"a capture is binary: -w - needs a pipe or a file as stdout", 0};
        }
        pcapng::Fd copy(dup(STDOUT_FILENO));
        auto sink =
            capture::FileSink::create(pcapng::Output::from_fd(std::move(copy), "stdout"), file);
        return sink ? Result<std::unique_ptr<capture::FileSink>>(
                          std::make_unique<capture::FileSink>(*std::move(sink)))
                    : std::move(sink).error();
    }
    auto output = pcapng::Output::open_file(*options.output);
    if (!output) {
        return std::move(output).error();
    }
    give_to_caller(output->fd());
    auto sink = capture::FileSink::create(*std::move(output), file);
    if (!sink) {
        return std::move(sink).error();
    }
    return std::make_unique<capture::FileSink>(*std::move(sink));
}

LineStyle line_style(const Options& options) {
    LineStyle style;
    style.color = use_color(options.color, STDOUT_FILENO);
    style.quiet = options.quiet;
    style.verbose = options.verbose;
    return style;
}

// As in "eth0, lo", or their number when they are many.
std::string interface_names(const capture::Session& session) {
    constexpr size_t kMany = 16;
    const auto& interfaces = session.interfaces();
    if (interfaces.size() > kMany) {
        return fmt::format("{} interfaces", interfaces.size());
    }
    std::string names;
    for (const auto& interface : interfaces) {
        names += (names.empty() ? "" : ", ") + interface.name;
    }
    return names;
}

void say_start(const capture::Session& session, const Options& options) {
    const capture::SessionReport& report = session.report();
    if (options.verbose > 0) {
        say(fmt::format("attached by {}; {} processes, {} sockets known",
                        report.hook == capture::HookMode::kTcx ? "tcx" : "clsact", report.processes,
                        report.sockets));
        say(fmt::format(
            "without an owner until used: {} sockets of several processes, {} of processes "
            "that may not be looked into",
            report.shared_sockets, report.unreadable_sockets));
    }
    for (const std::string& reason : report.skipped) {
        say("skipped: " + reason);
    }
    say(fmt::format("listening on {}, snaplen {} bytes", interface_names(session),
                    options.snaplen));
}

Progress progress_of(const capture::Session& session, const capture::FileSink* file) {
    Progress progress;
    for (const auto& counters : session.counters()) {
        progress.packets += counters.captured;
        progress.bytes += counters.captured_bytes;
        progress.dropped +=
            std::accumulate(counters.dropped.begin(), counters.dropped.end(), uint64_t{0});
    }
    if (file != nullptr) {
        progress.file_bytes = file->bytes();
    }
    return progress;
}

// One capture: what it consists of, and the loop.
class Run {
  public:
    explicit Run(const Options& options) : options_(options) {}
    int run();

  private:
    Result<void> open();
    Result<void> loop();
    int milliseconds_left() const;

    const Options& options_;
    std::optional<StopSignals> signals_;
    std::optional<Command> command_;
    std::unique_ptr<capture::FileSink> file_;
    std::unique_ptr<TextSink> text_;
    std::unique_ptr<capture::Session> session_;
    std::optional<Clock::time_point> end_;
    bool command_ended_ = false;
};

Result<void> Run::open() {
    auto signals = StopSignals::open();
    if (!signals) {
        return std::move(signals).error();
    }
    signals_ = *std::move(signals);
    if (!options_.command.empty()) {
        auto command = Command::prepare(options_.command, options_.output == "-");
        if (!command) {
            return std::move(command).error();
        }
        command_ = *std::move(command);
    }
    auto session = capture::Session::open(session_options(options_, command_));
    if (!session) {
        return std::move(session).error();
    }
    session_ = *std::move(session);
    // Only now, so that a capture that can't start leaves an older file alone.
    if (options_.output) {
        auto file = open_file(options_);
        if (!file) {
            return std::move(file).error();
        }
        file_ = *std::move(file);
        return session_->start(*file_);
    }
    text_ = std::make_unique<TextSink>(STDOUT_FILENO, line_style(options_));
    return session_->start(*text_);
}

int Run::milliseconds_left() const {
    if (!end_) {
        return -1;
    }
    auto left = std::chrono::ceil<std::chrono::milliseconds>(*end_ - Clock::now()).count();
    return static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
}

Result<void> Run::loop() {
    StatusLine status(STDERR_FILENO,
                      wants_status_line(isatty(STDERR_FILENO) != 0, isatty(STDOUT_FILENO) != 0,
                                        text_ != nullptr, options_.quiet));
    std::vector<int> watched = {signals_->fd()};
    if (command_) {
        watched.push_back(command_->fd());
    }
    while (true) {
        auto handed = session_->step();
        if (!handed) {
            return std::move(handed).error();
        }
        status.update(progress_of(*session_, file_.get()), Clock::now());
        if (command_ended_ || session_->count_reached() || (end_ && Clock::now() >= *end_)) {
            return {};
        }
        auto ready = session_->wait(watched, milliseconds_left());
        if (!ready) {
            return std::move(ready).error();
        }
        if (*ready && signals_->received()) {
            return {};
        }
        // Not a signal, so the command: one more round for its last packets.
        command_ended_ = *ready;
    }
}

int Run::run() {
    auto opened = open();
    if (opened.ok()) {
        opened = drop_privileges();
    }
    if (!opened) {
        say(opened.error().message);
        return kExitFailed;
    }
    say_start(*session_, options_);
    if (options_.duration) {
        end_ = Clock::now() + *options_.duration;
    }
    Result<void> result;
    if (command_) {
        result = command_->start();
    }
    if (result.ok()) {
        result = loop();
    }
    auto finished = session_->finish();
    if (result.ok()) {
        result = std::move(finished);
    }
    say(summary_text(session_->counters()));
    if (uint64_t lost = session_->events_lost(); lost > 0) {
        say(fmt::format("{} process events lost: some processes may lack exe and cmdline", lost));
    }
    // A reader that has left has seen what it wanted.
    if (!result && result.error().code != EPIPE) {
        say(result.error().message);
        return kExitFailed;
    }
    return command_ended_ ? command_->wait() : kExitDone;
}

}  // namespace

int run_capture(const Options& options) {
    return Run(options).run();
}

}  // namespace cmd
