// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/run_capture.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "capture/file_sink.h"
#include "capture/hooks/descriptor_limit.h"
#include "capture/host_name.h"
#include "capture/session.h"
#include "cmd/capture_options.h"
#include "cmd/command.h"
#include "cmd/drop_privileges.h"
#include "cmd/filter.h"
#include "cmd/key_recording.h"
#include "cmd/live/live_sink.h"
#include "cmd/message.h"
#include "cmd/output_file.h"
#include "cmd/packet_printer.h"
#include "cmd/process_options.h"
#include "cmd/recorder/recorder.h"
#include "cmd/recorder/ring_file.h"
#include "cmd/recorder/trigger_signal.h"
#include "cmd/reload.h"
#include "cmd/rotating_file.h"
#include "cmd/service_manager.h"
#include "cmd/session_lines.h"
#include "cmd/sooner.h"
#include "cmd/status_line.h"
#include "cmd/stop_signals.h"
#include "cmd/tee_sink.h"
#include "cmd/text_sink.h"
#include "pcapng/fd.h"
#include "pcapng/write_bytes.h"

namespace cmd {
namespace {

using capture::Result;
using Clock = std::chrono::steady_clock;

// Signals that come together are one: timeout(1) sends its own to us and to our process group.
constexpr std::chrono::milliseconds kSameRequest{500};

void say(const std::string& text, Priority priority = Priority::kError) {
    write_message(fmt::format("pidcap: {}\n", text), priority);
}

void say_all(const std::vector<std::string>& lines, Priority priority) {
    for (const std::string& line : lines) {
        say(line, priority);
    }
}

std::unique_ptr<PacketPrinter> packet_printer(const Options& options) {
    if (options.lines_as_json) {
        return std::make_unique<JsonPrinter>(PacketsOf::kCapture,
                                             options.host ? *options.host : capture::host_name());
    }
    packet::LineStyle style = options.line;
    style.color = packet::use_color(options.color, STDOUT_FILENO);
    return std::make_unique<LinePrinter>(style);
}

// More than any line of progress has.
constexpr size_t kWholeLine = 1000;

Result<std::unique_ptr<TriggeredFile>> open_triggered_file(const Options& options,
                                                           const capture::FileOptions& file,
                                                           const StopSignals& signals) {
    const auto opened = [](auto result) {
        return result.ok() ? Result<std::unique_ptr<TriggeredFile>>(*std::move(result))
                           : std::move(result).error();
    };
    return options.recorder.ring
               ? opened(RingFile::open(*options.output, options.recorder, options.rotation, file,
                                       signals))
               : opened(RotatingFile::open(*options.output, options.rotation, file,
                                           options.recorder.window, signals));
}

// One capture: what it consists of, and the loop.
class Run {
  public:
    Run(const Options& options, LiveSink* live) : options_(options), live_(live) {}
    int run();

  private:
    Result<void> open();
    Result<void> open_recorder();
    Result<void> open_keys();
    Result<void> start();
    Result<void> open_text();
    Result<void> drop();
    Result<void> loop();
    Result<void> finish(Result<void> captured);
    uint64_t unwritten() const;
    bool told_to_end();
    Result<void> reload();
    Result<void> change(const ReloadPlan& plan);
    void tell_manager();
    Progress progress() const;
    int wait_for_command();
    int milliseconds_left() const;
    bool prints_live() const { return live_ != nullptr && live_->reader_fd() >= 0; }
    // Who reads the packets, as a descriptor that hangs up; -1: nobody who could leave.
    int reader_fd() const {
        if (file_ != nullptr) {
            return file_->reader_fd();
        }
        if (live_ != nullptr) {
            return live_->reader_fd();
        }
        return text_has_reader_ ? text_fd_.get() : -1;
    }

    Options options_;
    LiveSink* live_;  // null: a file, or lines
    ServiceManager manager_;
    std::optional<StopSignals> signals_;
    std::optional<ReloadSignal> reload_;
    std::optional<Command> command_;
    std::string filter_;  // the expression
    std::unique_ptr<CaptureFile> file_;
    std::unique_ptr<Recorder> recorder_;  // in front of the file, if that has several
    pcapng::Fd text_fd_;
    bool text_has_reader_ = false;  // as of the start: a terminal that hung up is none any more
    std::unique_ptr<TextSink> text_;
    std::unique_ptr<TeeSink> both_;  // the file's and text_
    std::unique_ptr<capture::Session> session_;
    std::unique_ptr<KeyRecording> keys_;
    std::optional<Clock::time_point> end_;
    std::optional<Clock::time_point> passed_on_;  // a signal, to the command
};

Result<void> Run::open() {
    const bool reloads = ReloadSignal::is_wanted(options_);
    auto signals = StopSignals::open(reloads);
    if (!signals) {
        return std::move(signals).error();
    }
    signals_ = *std::move(signals);
    if (reloads) {
        auto reload = ReloadSignal::open();
        if (!reload) {
            return std::move(reload).error();
        }
        reload_ = *std::move(reload);
    }
    // A command may have something to say itself, and then it is what the service manager watches.
    if (options_.command.empty()) {
        manager_ = ServiceManager::from_environment();
    }
    if (!options_.command.empty()) {
        auto command =
            Command::prepare(options_.command, options_.output == "-" || live_ != nullptr,
                             *signals_, command_user(options_));
        if (!command) {
            return std::move(command).error();
        }
        command_ = *std::move(command);
    }
    if (auto prepared = prepare_for_keys(options_); !prepared) {
        return prepared;
    }
    capture::raise_descriptor_limit();  // not for the command, which has been forked
    auto filter = read_filter(options_);
    if (!filter) {
        return std::move(filter).error();
    }
    if (*filter) {
        filter_ = (*filter)->expression();
    }
    if (options_.rotation.several_files()) {
        auto opened = open_recorder();
        if (!opened) {
            return opened;
        }
    }
    const auto command_pid =
        command_ ? std::optional(static_cast<uint32_t>(command_->pid())) : std::nullopt;
    auto wanted = session_options(options_, command_pid, *std::move(filter));
    wanted.helper_user = running_user(options_);
    auto session = capture::Session::open(wanted);
    if (!session) {
        return std::move(session).error();
    }
    session_ = *std::move(session);
    if (options_.keys.need_probes()) {
        if (auto opened = open_keys(); !opened) {
            return opened;
        }
    }
    return recorder_ != nullptr ? recorder_->attach(*session_) : Result<void>{};
}

Result<void> Run::open_keys() {
    auto keys = KeyRecording::open(*session_, options_.keys, options_.mode, running_user(options_));
    if (!keys) {
        return std::move(keys).error();
    }
    keys_ = *std::move(keys);
    if (!command_) {
        return {};
    }
    const auto program = find_program(options_.command[0], command_user(options_));
    return program ? keys_->prepare(*program) : Result<void>{};  // the command will say so
}

// Before anything is loaded: the process that opens its files shall have none of it.
Result<void> Run::open_recorder() {
    // Before it forks: a signal to all that are named pidcap doesn't end that process.
    auto signal = TriggerSignal::open();
    if (!signal) {
        return std::move(signal).error();
    }
    auto file = open_triggered_file(options_, file_options(options_, filter_), *signals_);
    if (!file) {
        return std::move(file).error();
    }
    auto recorder = Recorder::open(options_, filter_, *std::move(signal), **file);
    if (!recorder) {
        return std::move(recorder).error();
    }
    (*file)->counters_from([this] { return session_->counters(); });
    file_ = *std::move(file);
    recorder_ = *std::move(recorder);
    return {};
}

Result<void> Run::open_text() {
    if (!stdout_takes_data()) {
        return capture::Error{"standard output is closed, or not open for writing; -w names a file",
                              EBADF};
    }
    text_fd_ = pcapng::nonblocking_copy(STDOUT_FILENO);
    text_has_reader_ = has_reader(text_fd_.get());
    text_ = std::make_unique<TextSink>(text_fd_.get(), packet_printer(options_), signals_->fd());
    return {};
}

Result<void> Run::start() {
    if (live_ != nullptr) {
        if (auto prepared = live_->prepare(signals_->fd()); !prepared) {
            return prepared;
        }
        auto started = session_->start(keys_ != nullptr ? keys_->in_front_of(*live_) : *live_);
        return started.ok() ? drop() : started;
    }
    if (!options_.output || options_.print) {
        if (auto opened = open_text(); !opened) {
            return opened;
        }
    }
    if (!options_.output) {
        auto started = session_->start(keys_ != nullptr ? keys_->in_front_of(*text_) : *text_);
        return started.ok() ? drop() : started;
    }
    if (file_ == nullptr) {
        auto file = OutputFile::open(*options_.output, file_options(options_, filter_),
                                     options_.mode, signals_->fd());
        if (!file) {
            return std::move(file).error();
        }
        file_ = *std::move(file);
    }
    packet::Sink* sink =
        recorder_ != nullptr ? static_cast<packet::Sink*>(recorder_.get()) : file_.get();
    if (keys_ != nullptr) {
        sink = &keys_->in_front_of(*sink);
    }
    if (text_ != nullptr) {
        both_ = std::make_unique<TeeSink>(*sink, *text_);
        sink = both_.get();
    }
    if (auto started = session_->start(*sink); !started) {
        return started;
    }
    if (auto dropped = drop(); !dropped) {
        return dropped;
    }
    return file_->begin(origin_of(session_->report()));
}

Result<void> Run::drop() {
    DropOptions options;
    options.user = running_user(options_);
    options.connects = live_ != nullptr && live_->connects();
    if (command_) {
        const auto user = command_user(options_);
        options.signalled = user ? user->uid : geteuid();
    }
    return drop_privileges(*session_, options);
}

// Whether a signal says so. With a command it is for that one first: it is passed on, unless the
// command got it from the terminal, and the capture goes on until the command has ended. Only a
// second one ends us without it. That one stays pending, so that no reader holds us either.
bool Run::told_to_end() {
    while (signals_->pending()) {
        const auto now = Clock::now();
        if (!command_ || (passed_on_ && now - *passed_on_ >= kSameRequest)) {
            return true;
        }
        const StopSignals::Signal signal = signals_->take();
        if (!passed_on_) {
            passed_on_ = now;
            Result<void> sent =
                signal.from_terminal ? Result<void>{} : command_->signal(signal.number);
            if (!sent) {
                say(sent.error().message);
            }
        }
    }
    return false;
}

int Run::milliseconds_left() const {
    if (recorder_ != nullptr && recorder_->busy()) {
        return 0;
    }
    int left = keys_ != nullptr ? keys_->milliseconds_left() : -1;
    if (live_ != nullptr) {
        left = sooner(left, live_->milliseconds_left());
    }
    if (end_) {
        const auto to_end =
            std::chrono::ceil<std::chrono::milliseconds>(*end_ - Clock::now()).count();
        left = sooner(left, static_cast<int>(std::clamp<int64_t>(to_end, 0, 60'000)));
    }
    return left;
}

// Reads the configuration again. What can't change while it runs is named. Returns the error of the
// sink, which ends the capture; nothing else does.
Result<void> Run::reload() {
    manager_.reloading();
    auto planned = plan_reload(options_);
    if (const auto* reason = std::get_if<std::string>(&planned)) {
        say(fmt::format("reload: {}; nothing has changed", *reason));
    } else if (auto changed = change(std::get<ReloadPlan>(planned)); !changed) {
        return changed;
    }
    manager_.ready(progress_text(progress(), kWholeLine));
    return {};
}

Result<void> Run::change(const ReloadPlan& plan) {
    if (!plan.process_filter.empty()) {
        const auto conditions = conditions_of(plan.options.process_filter, std::nullopt);
        const auto set = session_->set_filter(conditions);
        const bool failed =
            file_ != nullptr ? file_->failed() : text_ != nullptr && text_->failed();
        if (!set && failed) {
            return set;
        }
        if (set) {
            take_over(options_, plan.options, plan.process_filter);
        } else {
            say(fmt::format("reload: {}; the processes stay as they were", set.error().message));
        }
    }
    if (!plan.rotation.empty()) {
        file_->change(plan.options.rotation);
        take_over(options_, plan.options, plan.rotation);
    }
    if (!plan.others.empty()) {
        say(fmt::format("reload: {}: as before, until a new start", fmt::join(plan.others, ", ")),
            Priority::kWarning);
    }
    say("reload: done", Priority::kInfo);
    return {};
}

Progress Run::progress() const {
    Progress now = progress_of(session_->counters());
    if (file_ != nullptr) {
        now.file_bytes = file_->bytes();
    }
    return now;
}

void Run::tell_manager() {
    const auto now = Clock::now();
    manager_.alive(now);
    if (manager_.status_due(now)) {
        manager_.update(progress_text(progress(), kWholeLine), now);
    }
}

Result<void> Run::loop() {
    StatusLine status(STDERR_FILENO,
                      wants_status_line(isatty(STDERR_FILENO) != 0, isatty(STDOUT_FILENO) != 0,
                                        text_ != nullptr || prints_live(), options_.line.quiet));
    std::vector<int> always = {signals_->fd()};
    if (command_) {
        always.push_back(command_->fd());
    }
    if (reload_) {
        always.push_back(reload_->fd());
    }
    bool last_round = false;
    while (true) {
        auto handed = session_->step();
        if (!handed) {
            return std::move(handed).error();
        }
        std::vector<std::string> notices = session_->take_notices();
        std::vector<int> watched = always;
        if (recorder_ != nullptr) {
            recorder_->serve();
            std::ranges::move(recorder_->fds(), std::back_inserter(watched));
            std::ranges::move(recorder_->take_notices(), std::back_inserter(notices));
        }
        if (live_ != nullptr) {
            if (auto served = live_->serve(); !served) {
                return served;
            }
            std::ranges::move(live_->take_notices(), std::back_inserter(notices));
        }
        if (keys_ != nullptr) {
            watched.push_back(keys_->fd());
            std::ranges::move(keys_->take_notices(), std::back_inserter(notices));
        }
        if (file_ != nullptr) {
            std::ranges::move(file_->take_notices(), std::back_inserter(notices));
            if (const auto end = file_->end()) {
                session_->end_at(*end);
            }
        }
        if (!notices.empty()) {
            status.erase();
            say_all(notices, Priority::kNotice);
        }
        if (const auto now = Clock::now(); status.due(now)) {
            status.update(progress(), now);
        }
        tell_manager();
        if (last_round || session_->count_reached() || (file_ != nullptr && file_->ended()) ||
            (end_ && Clock::now() >= *end_)) {
            return {};
        }
        auto ready = session_->wait(watched, reader_fd(), milliseconds_left());
        if (!ready) {
            return std::move(ready).error();
        }
        if (*ready && (told_to_end() || reader_left(reader_fd()))) {
            return {};
        }
        if (*ready && reload_ && reload_->take()) {
            status.erase();
            if (auto reloaded = reload(); !reloaded) {
                return reloaded;
            }
        }
        // One more round for the command's last packets.
        last_round = command_ && command_->ended();
    }
}

// Takes the hooks off and says what came of the capture.
Result<void> Run::finish(Result<void> captured) {
    manager_.stopping();
    const bool left = reader_left(reader_fd());  // afterwards the file is closed
    auto finished = session_->finish();
    if (captured.ok()) {
        captured = std::move(finished);
    }
    const std::vector<std::string> lines = end_lines(*session_);
    say(lines.front(), Priority::kInfo);
    if (keys_ != nullptr) {
        keys_->stop();
        say_all(keys_->end_lines(options_.line.verbose), Priority::kInfo);
    }
    say_all({lines.begin() + 1, lines.end()}, Priority::kWarning);  // what was lost
    if (live_ != nullptr) {
        say_all(live_->take_notices(), Priority::kNotice);
        say_all(live_->end_lines(), Priority::kWarning);
    }
    if (recorder_ != nullptr) {
        say_all(recorder_->take_notices(), Priority::kNotice);
    }
    if (file_ != nullptr) {
        say_all(file_->take_notices(), Priority::kNotice);
    }
    // A reader that has left has seen what it wanted.
    const auto comes_of_that = [](int code) {  // of a pipe, a socket, a terminal
        return code == EPIPE || code == ECONNRESET || code == EIO;
    };
    if (captured.ok() || captured.error().code == EPIPE ||
        (left && comes_of_that(captured.error().code))) {
        return {};
    }
    say(captured.error().message);
    if (const uint64_t packets = unwritten(); packets > 0) {
        say(fmt::format("{} packets captured after that were not written", packets));
    }
    return captured;
}

uint64_t Run::unwritten() const {
    return file_ != nullptr ? file_->unwritten() : text_ != nullptr ? text_->unwritten() : 0;
}

// Its status; 128 + the signal, if one tells us to leave it alone.
int Run::wait_for_command() {
    if (!command_->ended()) {
        say(fmt::format("waiting for {} to end", command_->name()), Priority::kNotice);
    }
    while (!command_->ended()) {
        std::array<pollfd, 2> watched = {pollfd{signals_->fd(), POLLIN, 0},
                                         pollfd{command_->fd(), POLLIN, 0}};
        (void)poll(watched.data(), watched.size(), -1);
        if (told_to_end()) {
            return 128 + signals_->take().number;
        }
    }
    return command_->wait();
}

int Run::run() {
    if (!options_.command.empty()) {
        if (auto found = find_program(options_.command[0], command_user(options_)); !found) {
            say(found.error().message);
            return status_of_failed_exec(found.error().code);
        }
    }
    auto opened = open();
    if (opened.ok()) {
        opened = start();
    }
    if (!opened) {
        say(capture::explain_descriptors(opened.error()).message);
        return kExitFailed;
    }
    const std::vector<std::string> lines = start_lines(*session_, options_);
    say_all(lines, Priority::kInfo);
    manager_.ready(lines.back());
    if (options_.duration) {
        end_ = Clock::now() + *options_.duration;
    }
    Result<void> started;
    if (command_) {
        started = command_->start();
    }
    const Result<void> captured = finish(started.ok() ? loop() : started);
    if (!started) {
        return command_->wait();
    }
    const int status = command_ ? wait_for_command() : kExitDone;
    return captured.ok() ? status : kExitFailed;
}

}  // namespace

int run_capture(const Options& options, LiveSink* live) {
    return Run(options, live).run();
}

}  // namespace cmd
