// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/wireshark/run.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/hooks/descriptor_limit.h"
#include "capture/kernel/privilege.h"
#include "capture/session.h"
#include "cmd/capture_options.h"
#include "cmd/drop_privileges.h"
#include "cmd/filter.h"
#include "cmd/key_recording.h"
#include "cmd/message.h"
#include "cmd/output_file.h"
#include "cmd/session_lines.h"
#include "cmd/status_line.h"
#include "cmd/stop_signals.h"
#include "cmd/wireshark/dialog.h"
#include "cmd/wireshark/powers.h"
#include "cmd/wireshark/toolbar.h"
#include "packet/line/terminal_text.h"

namespace extcap {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kShowEvery{500};  // counters, in the toolbar
constexpr int kMeetMs = 30000;           // as long as Wireshark gives us for leaving
constexpr size_t kStatusLength = 200;

// Why the processes stay as they were: in a message box, where the place of an error in a text
// can't be shown below it, and in the log.
struct Refusal {
    std::string in_a_box;
    std::string in_full;
};

std::optional<Refusal> refusal_of(const Result<void>& changed) {
    return changed ? std::nullopt
                   : std::optional(Refusal{changed.error().message, changed.error().message});
}

class Run {
  public:
    explicit Run(const Call& call) : call_(call) {}
    int run();

  private:
    Result<void> open();
    Result<void> start();
    Result<void> loop();
    void obey(const Message& message);
    void change_filter(const std::string& expression);
    std::optional<Refusal> set_filter(const std::string& expression);
    std::optional<Refusal> set_filter_as_chosen();
    void log(const std::string& line);
    void show_counters(Clock::time_point now);
    int end(Result<void> captured);

    const Call& call_;
    cmd::Options options_;
    std::optional<cmd::StopSignals> signals_;
    Toolbar toolbar_;
    std::unique_ptr<cmd::OutputFile> file_;
    std::unique_ptr<capture::Session> session_;
    std::unique_ptr<cmd::KeyRecording> keys_;
    bool begun_ = false;  // the file
    cmd::Progress shown_;
    Clock::time_point show_next_{};
};

// What Wireshark waits for; its user's files with its user's rights.
Result<void> Run::open() {
    if (auto laid_down = lay_down_powers(); !laid_down) {
        return laid_down;
    }
    auto signals = cmd::StopSignals::open();
    if (!signals) {
        return std::move(signals).error();
    }
    signals_ = *std::move(signals);
    capture::raise_descriptor_limit();
    // If Wireshark crashes: nothing else tells us before a packet can't be written.
    const pid_t wireshark = getppid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != wireshark) {
        return pcapng::Error{"Wireshark has ended", EPIPE};
    }
    auto toolbar = Toolbar::open(call_.control_in, call_.control_out);
    if (toolbar) {
        toolbar_ = *std::move(toolbar);
    }
    auto options = options_of(call_);
    options_ = options ? *options : cmd::Options{};
    if (auto prepared = cmd::prepare_for_keys(options_); !prepared) {
        return prepared;
    }
    auto file = cmd::OutputFile::open_fifo(call_.fifo, cmd::file_options(options_, options_.filter),
                                           signals_->fd());
    if (!file) {
        return std::move(file).error();
    }
    file_ = *std::move(file);
    if (!toolbar) {
        return std::move(toolbar).error();
    }
    return options ? Result<void>{} : std::move(options).error();
}

Result<void> Run::start() {
    auto filter = cmd::read_filter(options_);
    if (!filter) {
        return std::move(filter).error();
    }
    if (auto taken_up = take_up_powers(); !taken_up) {
        return taken_up;
    }
    if (const std::string missing = capture::missing_capabilities(); !missing.empty()) {
        return pcapng::Error{fmt::format(
            "capturing needs {}: an administrator runs 'sudo pidcap setup-wireshark' once, and "
            "makes you a member of the group that it names; then log in again",
            missing)};
    }
    auto session =
        capture::Session::open(cmd::session_options(options_, std::nullopt, *std::move(filter)));
    if (!session) {
        return std::move(session).error();
    }
    session_ = *std::move(session);
    packet::Sink* sink = file_.get();
    if (options_.keys.need_probes()) {
        auto keys = cmd::KeyRecording::open(*session_, options_.keys, std::nullopt, std::nullopt);
        if (!keys) {
            return std::move(keys).error();
        }
        keys_ = *std::move(keys);
        sink = &keys_->in_front_of(*sink);
    }
    if (auto started = session_->start(*sink); !started) {
        return started;
    }
    if (auto dropped = cmd::drop_privileges(*session_, {}); !dropped) {
        return dropped;
    }
    auto begun = file_->begin(cmd::origin_of(session_->report()));
    begun_ = begun.ok();
    return begun;
}

Result<void> Run::loop() {
    while (true) {
        auto handed = session_->step();
        if (!handed) {
            return std::move(handed).error();
        }
        for (const std::string& notice : session_->take_notices()) {
            log(notice);
        }
        if (const auto now = Clock::now(); now >= show_next_) {
            show_counters(now);
        }
        std::vector<int> watched = {signals_->fd(), toolbar_.fd()};
        int pause = static_cast<int>(kShowEvery.count());
        if (keys_ != nullptr) {
            for (const std::string& notice : keys_->take_notices()) {
                log(notice);
            }
            watched.push_back(keys_->fd());
            pause = std::min(pause, keys_->milliseconds_left());
        }
        auto ready = session_->wait(watched, file_->reader_fd(), pause);
        if (!ready) {
            return std::move(ready).error();
        }
        if (signals_->pending() || file_->reader_left()) {
            return {};
        }
        for (const Message& message : toolbar_.hear()) {
            obey(message);
        }
        // Changing the filter writes, too.
        if (file_->failure()) {
            return *file_->failure();
        }
    }
}

void Run::obey(const Message& message) {
    if (message.command == Command::kInitialized) {
        toolbar_.say({kCaptured, Command::kDisable});
        toolbar_.say({kDropped, Command::kDisable});
    } else if (message.command == Command::kSet && message.control == kProcessFilter) {
        change_filter(message.payload);
    }
}

void Run::change_filter(const std::string& expression) {
    const bool as_chosen = expression.find_first_not_of(" \t") == std::string::npos;
    if (const std::optional<Refusal> refusal =
            as_chosen ? set_filter_as_chosen() : set_filter(expression);
        refusal && !file_->failure()) {
        toolbar_.say({kProcessFilter, Command::kWarning,
                      fmt::format("Processes: {}\nThey stay as they were.", refusal->in_a_box)});
        log("the processes stay as they were: " + refusal->in_full);
        return;
    }
    if (file_->failure()) {
        return;  // the capture ends with that
    }
    const std::string text =
        as_chosen ? "processes as chosen in the options" : "processes with " + expression;
    toolbar_.say({kProcessFilter, Command::kStatusbar, text.substr(0, kStatusLength)});
    log(text);
}

// The toolbar's text in place of the dialog's processes.
std::optional<Refusal> Run::set_filter(const std::string& expression) {
    auto parsed = packet::parse_process_expression(expression);
    if (const auto* error = std::get_if<packet::SyntaxError>(&parsed)) {
        const std::string text = expression.size() <= packet::kExpressionMax
                                     ? "\n  " + packet::printable(expression)
                                     : std::string();
        return Refusal{error->message + text, cmd::syntax_message(expression, *error)};
    }
    return refusal_of(session_->set_filter(
        {std::get<packet::ProcessExpression>(std::move(parsed)), follows(call_)}));
}

std::optional<Refusal> Run::set_filter_as_chosen() {
    const auto chosen = process_choice_of(call_);
    return refusal_of(chosen ? session_->set_filter(cmd::conditions_of(*chosen, std::nullopt))
                             : chosen.error());
}

void Run::log(const std::string& line) {
    toolbar_.say({kLog, Command::kAdd, line + "\n"});
}

// Those that Wireshark has no room for come again, as they are then.
void Run::show_counters(Clock::time_point now) {
    const cmd::Progress progress = cmd::progress_of(session_->counters());
    const uint64_t packets = progress.count.packets;
    const bool news = packets != shown_.count.packets || progress.dropped != shown_.dropped;
    if (news && toolbar_.keeps_up()) {
        toolbar_.say({kCaptured, Command::kSet, std::to_string(packets)});
        toolbar_.say({kDropped, Command::kSet, std::to_string(progress.dropped)});
        shown_ = progress;
    }
    show_next_ = now + kShowEvery;
}

// A reader that has left, and a stop before there was any, are no failures.
int Run::end(Result<void> captured) {
    if (begun_) {
        auto finished = session_->finish();
        if (captured.ok()) {
            captured = std::move(finished);
        }
        show_counters(Clock::now());
        for (const std::string& line : cmd::end_lines(*session_)) {
            log(line);
        }
        if (keys_ != nullptr) {
            keys_->stop();
            for (const std::string& line : keys_->end_lines(1)) {
                log(line);
            }
        }
    }
    const int code = captured.ok() ? 0 : captured.error().code;
    const bool left = code == EPIPE || (code == ECANCELED && !begun_);
    const bool failed = !captured.ok() && !left;
    if (failed && file_ != nullptr && !begun_) {
        // A file without packets, so that Wireshark doesn't wait for it.
        if (session_ == nullptr || session_->interfaces().empty()) {
            (void)file_->interface({0, 1, options_.snaplen, call_.interface, std::nullopt});
        }
        (void)file_->begin(captured.error().message);
        (void)file_->finish({});
    }
    if (signals_) {
        toolbar_.meet(signals_->fd(), kMeetMs);
    }
    if (!failed) {
        return cmd::kExitDone;
    }
    std::string message = capture::explain_descriptors(captured.error()).message;
    if (file_ != nullptr && file_->unwritten() > 0) {
        message +=
            fmt::format("; {} packets captured after that were not written", file_->unwritten());
    }
    log(message);
    cmd::print_message("{}\n", message);
    return cmd::kExitFailed;
}

int Run::run() {
    Result<void> done = open();
    if (done.ok()) {
        done = start();
    }
    if (done.ok()) {
        for (const std::string& line : cmd::start_lines(*session_, options_)) {
            log(line);
        }
        done = loop();
    }
    return end(std::move(done));
}

}  // namespace

int run(const Call& call) {
    return Run(call).run();
}

}  // namespace extcap
